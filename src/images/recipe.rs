//! The recipes under `fixtures/images`, which build from package registries what can't be pulled. They are part of
//! the program, so that an installed one has them too.

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
}

macro_rules! files {
    ($folder:literal: $($path:literal),+ $(,)?) => {
        &[$(($path, include_str!(concat!("../../fixtures/images/", $folder, "/", $path)))),+]
    };
}

/// The base of the others, by debootstrap.
pub(super) const DEBIAN: Recipe =
    Recipe { name: "debian", image: "debian:bookworm-slim", base: None, files: files!("debian": "build.sh") };

/// Caddy, from its Go module.
pub(super) const CADDY: Recipe = Recipe {
    name: "caddy",
    image: "edge-smoke/caddy:2.11.9",
    base: Some(&DEBIAN),
    files: files!("caddy": "build.sh", "Dockerfile", "go.mod", "go.sum"),
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
};

/// All of them, each after the one that it starts from.
pub const RECIPES: &[&Recipe] = &[&DEBIAN, &CADDY, &GITEA];
