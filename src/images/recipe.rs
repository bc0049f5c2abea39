//! The recipes under `fixtures/images`, which build from package registries what can't be pulled. They are part of
//! the program, so that an installed one has them too.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::{fs, io};

/// How one image is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recipe {
    /// Its name, and its folder's under `fixtures/images`.
    pub name: &'static str,
    /// The name of the image that it builds.
    pub image: &'static str,
    /// The recipe that builds the image it starts from.
    pub base: Option<&'static Recipe>,
    /// Its files, by path in its folder; `build.sh` is run.
    pub(crate) files: &'static [(&'static str, &'static str)],
    /// Files and folders of this project that it is built from besides, from the project's own folder. They aren't part of the
    /// program: a recipe that has any works in a checkout alone.
    pub(crate) sources: &'static [&'static str],
    /// What it builds are doubles: they answer as others' programs do, and aren't them.
    pub(crate) doubles: bool,
}

/// The label by which an image tells which recipe it was built by.
pub(super) const RECIPE_LABEL: &str = "edge-smoke.recipe";

/// The label by which an image tells that its programs answer as the real ones do, and aren't them.
pub(super) const DOUBLE_LABEL: &str = "edge-smoke.double";

impl Recipe {
    /// Whether what it builds are doubles.
    pub fn is_double(&self) -> bool {
        self.doubles
    }

    /// A number that changes with any file of the recipe, of the one it starts from, or of the project that it is built from:
    /// 64-bit FNV-1a, in hexadecimal. It tells an image of an older recipe from one of this, and guards against nothing.
    ///
    /// # Errors
    /// A source can't be read.
    pub fn fingerprint(&self, project: &Path) -> io::Result<String> {
        let base = self.base.map(|base| base.fingerprint(project)).transpose()?.unwrap_or_default();
        let mut hash = Fnv::default();
        for (path, content) in self.files {
            hash.add(path.as_bytes());
            hash.add(content.as_bytes());
        }
        for path in sources(project, self.sources)? {
            hash.add(path.as_os_str().as_encoded_bytes());
            hash.add(&fs::read(project.join(&path))?);
        }
        hash.add(base.as_bytes());
        hash.add(self.image.as_bytes());
        Ok(format!("{:016x}", hash.0))
    }
}

/// The hash so far.
struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Fnv {
    /// Adds a part, and a byte of zeros that keeps it apart from the next.
    fn add(&mut self, part: &[u8]) {
        let bytes = part.iter().copied().chain([0]);
        self.0 = bytes.fold(self.0, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
    }
}

/// The files that these paths stand for, in order.
fn sources(project: &Path, paths: &[&str]) -> io::Result<BTreeSet<PathBuf>> {
    let mut files = BTreeSet::new();
    let mut open: Vec<PathBuf> = paths.iter().map(PathBuf::from).collect();
    while let Some(path) = open.pop() {
        if project.join(&path).is_dir() {
            for entry in fs::read_dir(project.join(&path))? {
                open.push(path.join(entry?.file_name()));
            }
        } else {
            files.insert(path);
        }
    }
    Ok(files)
}

/// The project's folder: the nearest at or above `start` that has the sources of the doubles.
pub(super) fn project(start: &Path) -> Option<&Path> {
    start.ancestors().find(|folder| DOUBLE.sources.iter().all(|path| folder.join(path).exists()))
}

macro_rules! files {
    ($folder:literal: $($path:literal),+ $(,)?) => {
        &[$(($path, include_str!(concat!("../../fixtures/images/", $folder, "/", $path)))),+]
    };
}

/// The base of the others, by debootstrap.
pub(super) const DEBIAN: Recipe = Recipe {
    name: "debian",
    image: "debian:bookworm-slim",
    base: None,
    files: files!("debian": "build.sh"),
    sources: &[],
    doubles: false,
};

/// Caddy, from its Go module.
pub(super) const CADDY: Recipe = Recipe {
    name: "caddy",
    image: "edge-smoke/caddy:2.11.9",
    base: Some(&DEBIAN),
    files: files!("caddy": "build.sh", "Dockerfile", "go.mod", "go.sum"),
    sources: &[],
    doubles: false,
};

/// Gitea, from its Go module.
pub(super) const GITEA: Recipe = Recipe {
    name: "gitea",
    image: "edge-smoke/gitea:1.26.0",
    base: Some(&DEBIAN),
    files: files!(
        "gitea": "build.sh", "Dockerfile", "entrypoint.sh", "go.mod", "go.sum", "public/assets/.vite/manifest.json",
        "public/assets/css/index.css", "public/assets/css/theme-gitea-auto.css", "public/assets/js/iife.js",
        "public/assets/js/index.js",
    ),
    sources: &[],
    doubles: false,
};

/// The doubles, from this project.
pub(super) const DOUBLE: Recipe = Recipe {
    name: "double",
    image: concat!("edge-smoke/double:", env!("CARGO_PKG_VERSION")),
    base: None,
    files: files!("double": "build.sh", "Dockerfile"),
    sources: &[
        "Cargo.lock",
        "Cargo.toml",
        "crates/doubles/Cargo.toml",
        "crates/doubles/src",
        "crates/git-wire/Cargo.toml",
        "crates/git-wire/src",
        "crates/outbound/Cargo.toml",
        "crates/outbound/src",
        "crates/serve/Cargo.toml",
        "crates/serve/src",
    ],
    doubles: true,
};

/// The chat service, from this project, with the command that it runs.
pub(super) const CHAT: Recipe = Recipe {
    name: "chat",
    image: concat!("edge-smoke/chat:", env!("CARGO_PKG_VERSION")),
    base: Some(&DEBIAN),
    files: files!("chat": "build.sh", "Dockerfile", "package.json", "package-lock.json"),
    sources: &[
        "Cargo.lock",
        "Cargo.toml",
        "crates/chat/Cargo.toml",
        "crates/chat/page",
        "crates/chat/src",
        "crates/outbound/Cargo.toml",
        "crates/outbound/src",
        "crates/serve/Cargo.toml",
        "crates/serve/src",
    ],
    doubles: false,
};

/// All of them, each after the one that it starts from.
pub const RECIPES: &[&Recipe] = &[&DEBIAN, &CADDY, &GITEA, &DOUBLE, &CHAT];
