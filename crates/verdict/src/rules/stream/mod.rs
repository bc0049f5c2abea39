//! Contents that come piece by piece.

pub(super) mod buffered;
