//! The staging site, built into the program.

use doubles::site::Site;

use crate::stack::fixtures::STAGING;

/// The files of `fixtures/staging`, and the page of `fixtures/staging.Caddyfile`.
pub(super) fn site() -> Site {
    STAGING.iter().fold(Site::new().mirror("cookies.txt"), |site, (path, content)| site.file(path, content))
}
