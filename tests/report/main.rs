//! What the reporters make of runs, through their public door.

mod formats;
mod hostile;
mod merging;
mod model;
mod play;
mod runs;
mod writing;
