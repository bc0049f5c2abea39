//! The staging site, built into the program.

use doubles::site::Site;

/// The files of `fixtures/staging`.
pub(super) fn site() -> Site {
    Site::new()
        .file("index.html", include_bytes!("../../../fixtures/staging/index.html"))
        .file("about/index.html", include_bytes!("../../../fixtures/staging/about/index.html"))
        .file("style.css", include_bytes!("../../../fixtures/staging/style.css"))
        .file("logo.svg", include_bytes!("../../../fixtures/staging/logo.svg"))
}
