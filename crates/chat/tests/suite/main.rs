//! The chat as its visitors meet it: behind the edge in both modes, with the forge's double to sign in at; and directly.

mod browser;
mod client;
mod stand_in;
mod world;

mod gate;
mod history;
mod hostile;
mod life;
mod limits;
mod sign_in;
mod socket;
