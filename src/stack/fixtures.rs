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

/// The project's tree, as the chat finds it: paths below `fixtures/workspace`, with their contents.
pub(super) const WORKSPACE: &[(&str, &[u8])] = &[
    ("README.md", include_bytes!("../../fixtures/workspace/README.md")),
    ("docs/notes.md", include_bytes!("../../fixtures/workspace/docs/notes.md")),
    ("src/greet.sh", include_bytes!("../../fixtures/workspace/src/greet.sh")),
];

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    #[test]
    fn every_file_of_the_staging_site_and_of_the_workspace_is_built_in() {
        is_built_in("staging", super::STAGING);
        is_built_in("workspace", super::WORKSPACE);
    }

    fn is_built_in(folder: &str, files: &[(&str, &[u8])]) {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(folder);
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
            assert!(files.iter().any(|(built_in, _)| *built_in == name), "{name} is not built in");
        }
    }
}
