//! Ids that nobody can guess.

use std::io;

/// RFC 4648's base32 alphabet in lower case, in which forges write their secrets.
const BASE32: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// Random bytes from the operating system.
fn bytes<const N: usize>() -> io::Result<[u8; N]> {
    let mut random = [0; N];
    fill(&mut random)?;
    Ok(random)
}

fn fill(bytes: &mut [u8]) -> io::Result<()> {
    getrandom::fill(bytes)
        .map_err(|error| io::Error::other(format!("the operating system gives no random bytes: {error}")))
}

/// So many random bytes in hexadecimal: two characters a byte.
///
/// # Errors
/// The operating system has no random bytes to give.
pub(crate) fn token(bytes: usize) -> io::Result<String> {
    let mut random = vec![0; bytes];
    fill(&mut random)?;
    Ok(hexadecimal(&random))
}

/// A random UUID (RFC 9562, version 4).
///
/// # Errors
/// The operating system has no random bytes to give.
pub(crate) fn uuid() -> io::Result<String> {
    let mut random = bytes::<16>()?;
    random[6] = random[6] & 0x0f | 0x40;
    random[8] = random[8] & 0x3f | 0x80;
    let text = hexadecimal(&random);
    Ok(format!("{}-{}-{}-{}-{}", &text[..8], &text[8..12], &text[12..16], &text[16..20], &text[20..]))
}

/// 256 random bits in base32, without padding: 52 characters.
///
/// # Errors
/// The operating system has no random bytes to give.
pub(crate) fn base32() -> io::Result<String> {
    let mut text = String::with_capacity(52);
    let (mut bits, mut count) = (0_u32, 0);
    for byte in bytes::<32>()? {
        bits = bits << 8 | u32::from(byte);
        count += 8;
        while count >= 5 {
            count -= 5;
            text.push(char::from(BASE32[(bits >> count & 31) as usize]));
        }
    }
    text.push(char::from(BASE32[(bits << (5 - count) & 31) as usize]));
    Ok(text)
}

/// Two characters a byte, in lower case.
pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes() {
        let uuid = uuid().unwrap();
        assert_eq!(uuid.split('-').map(str::len).collect::<Vec<_>>(), [8, 4, 4, 4, 12]);
        assert!(uuid[14..].starts_with('4') && "89ab".contains(&uuid[19..20]), "{uuid}");
        let (one, other) = (base32().unwrap(), base32().unwrap());
        assert!(one.len() == 52 && one != other && one.bytes().all(|byte| BASE32.contains(&byte)), "{one}");
        assert_eq!(token(8).unwrap().len(), 16);
    }
}
