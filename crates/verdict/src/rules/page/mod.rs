//! What pages load.

pub(super) mod asset_broken;
pub(super) mod root_absolute;
