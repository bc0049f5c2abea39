//! The chat as its visitors meet it: behind the edge in both modes, with the forge's double to sign in at; and directly.

#[cfg(test)]
mod actions;
#[cfg(test)]
mod authorities;
#[cfg(test)]
mod broken_forge;
#[cfg(test)]
mod browser;
#[cfg(test)]
mod caddy;
#[cfg(test)]
mod chromium;
#[cfg(test)]
mod client;
#[cfg(test)]
mod commands;
#[cfg(test)]
mod documented;
#[cfg(test)]
mod files;
#[cfg(test)]
mod forges;
#[cfg(test)]
mod full_disk;
#[cfg(test)]
mod gate;
#[cfg(test)]
mod gitea;
#[cfg(test)]
mod history;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod https;
#[cfg(test)]
mod life;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod page;
#[cfg(test)]
mod program;
#[cfg(test)]
mod real_caddy;
#[cfg(test)]
mod refusals;
#[cfg(test)]
mod seats;
#[cfg(test)]
mod sign_in;
#[cfg(test)]
mod skipping;
#[cfg(test)]
mod socket;
#[cfg(test)]
mod stand_in;
#[cfg(test)]
mod tls;
#[cfg(test)]
mod ways;
#[cfg(test)]
mod works;
#[cfg(test)]
mod world;
