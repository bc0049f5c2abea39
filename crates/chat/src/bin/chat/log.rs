//! The log: a JSON object a line, on standard error.

use std::io;

use chat::config::Config;
use tracing_subscriber::filter::LevelFilter;

/// Writes what happens from now on. Nothing that is logged anywhere holds a secret: secrets are of a type that can't be printed.
pub(crate) fn begin(config: &Config) {
    let level = match config.log_level {
        chat::config::LogLevel::Error => LevelFilter::ERROR,
        chat::config::LogLevel::Warn => LevelFilter::WARN,
        chat::config::LogLevel::Info => LevelFilter::INFO,
        chat::config::LogLevel::Debug => LevelFilter::DEBUG,
    };
    let subscriber = tracing_subscriber::fmt().json().flatten_event(true).with_max_level(level).with_writer(io::stderr);
    // Somebody else has set one already: in a program of its own nobody has.
    let _ = subscriber.try_init();
}
