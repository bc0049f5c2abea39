//! Ids that nobody can guess.

use std::io;

/// Random bytes from the operating system, in hexadecimal: two characters a byte.
///
/// # Errors
/// The operating system has no random bytes to give.
pub(crate) fn token(bytes: usize) -> io::Result<String> {
    let mut random = vec![0; bytes];
    getrandom::fill(&mut random)
        .map_err(|error| io::Error::other(format!("the operating system gives no random bytes: {error}")))?;
    Ok(random.iter().map(|byte| format!("{byte:02x}")).collect())
}
