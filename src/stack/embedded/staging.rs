//! The staging site, built into the program.

use doubles::site::Site;

use crate::stack::fixtures::STAGING;

/// The files of `fixtures/staging`.
pub(super) fn site() -> Site {
    STAGING.iter().fold(Site::new(), |site, (path, content)| site.file(path, content))
}
