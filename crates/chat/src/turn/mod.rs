//! One question to the command, and what it answers.
//!
//! Each turn is a process of its own: the `claude` command in print mode, behind the launcher that confines it. What it prints, JSON lines, becomes
//! [`Happening`]s as it comes. Turns wait for each other where there is no room for all at once.
//!
//! - [`Order`], [`Happening`], [`TurnError`]: what goes in and what comes out
//! - [`Settings`]: how turns are run
//! - `capacity`: how many fit at once
//! - `command`: the command line and its environment
//! - `waiting`: who is next
//! - `turns`, `attempt`: a turn from its order to its end
//! - `process`, `lines`: the process, and what it prints
//! - `stream_json`, `answer`: what its lines mean
//! - `anew`: a conversation whose session is lost

mod anew;
mod answer;
mod attempt;
mod capacity;
mod command;
mod error;
mod happening;
mod lines;
mod order;
mod process;
mod scratch;
mod session_lock;
mod settings;
mod stream_json;
mod turns;
mod waiting;

pub use capacity::{Bounds, bounds};
pub use command::{Confined, leaked, ports};
pub use error::TurnError;
pub use happening::{Happening, Usage};
pub use order::{Order, Said};
pub use settings::{Launcher, Settings};
pub use turns::{Turn, Turns};
