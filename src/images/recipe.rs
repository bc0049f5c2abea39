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

/// The label by which an image tells which recipe it was built by.
pub(super) const RECIPE_LABEL: &str = "edge-smoke.recipe";

impl Recipe {
    /// A number that changes with any file of the recipe or of the one it starts from: 64-bit FNV-1a, in hexadecimal. It
    /// tells an image of an older recipe from one of this, and guards against nothing.
    pub fn fingerprint(&self) -> String {
        let base = self.base.map(Recipe::fingerprint).unwrap_or_default();
        let parts = self.files.iter().flat_map(|(path, content)| [*path, *content]).chain([base.as_str(), self.image]);
        let bytes = parts.flat_map(|part| part.bytes().chain([0]));
        let hash = bytes
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
        format!("{hash:016x}")
    }
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
