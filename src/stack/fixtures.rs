//! Files of `fixtures/` that are built into the program, so that it needs no checkout.

/// The staging site: paths below `fixtures/staging`, with their contents.
pub(super) const STAGING: &[(&str, &[u8])] = &[
    ("index.html", include_bytes!("../../fixtures/staging/index.html")),
    ("about/index.html", include_bytes!("../../fixtures/staging/about/index.html")),
    ("style.css", include_bytes!("../../fixtures/staging/style.css")),
    ("logo.svg", include_bytes!("../../fixtures/staging/logo.svg")),
];

/// What serves it in containers.
pub(super) const STAGING_CADDYFILE: &str = include_str!("../../fixtures/staging.Caddyfile");

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    #[test]
    fn every_file_of_the_staging_site_is_built_in() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/staging");
        let mut folders = vec![root.clone()];
        let mut found: Vec<PathBuf> = Vec::new();
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() { folders.push(path) } else { found.push(path) }
            }
        }
        for path in found {
            let name = path.strip_prefix(&root).unwrap().to_str().unwrap();
            assert!(super::STAGING.iter().any(|(built_in, _)| *built_in == name), "{name} is not built in");
        }
    }
}
