//! The suites of this crate, in one program.

#[cfg(test)]
mod browser;
#[cfg(test)]
mod chat;
#[cfg(test)]
mod ci;
#[cfg(test)]
mod echo;
#[cfg(test)]
mod forge_api;
#[cfg(test)]
mod forge_oauth;
#[cfg(test)]
mod forge_registry;
#[cfg(test)]
mod forge_webhooks;
#[cfg(test)]
mod git;
#[cfg(test)]
mod git_answers;
#[cfg(test)]
mod meddler;
#[cfg(test)]
mod messages;
#[cfg(test)]
mod program;
#[cfg(test)]
mod sign_in;
#[cfg(test)]
mod standing;
