//! One module a subcommand: wiring, no protocol.

pub mod check;
pub mod explain;
pub mod faults;
pub mod images;
mod inputs;
mod interrupt;
pub mod load;
pub mod merge;
pub mod pivot;
mod pivot_apply;
pub mod run;
pub mod schema;
mod select;
mod stack_choice;
mod unresolved;
pub mod verify_chat_sandbox;
