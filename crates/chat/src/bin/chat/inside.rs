//! What the container around it allows.

use crate::Values;
use crate::exit::Failure;

pub(crate) fn run(_: &Values) -> Result<(), Failure> {
    Err(Failure::of("not yet"))
}
