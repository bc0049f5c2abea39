//! What pages load.

pub(super) mod asset_broken;
