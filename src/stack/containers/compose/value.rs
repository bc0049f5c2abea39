//! The format's own ways to write durations, sizes, ports and mounts.

use std::time::Duration;

use super::model::{Port, VolumeMount, VolumeSource};

/// `1m30s`, `500ms`, `10s`.
pub(super) fn duration(text: &str) -> Option<Duration> {
    let mut total = Duration::ZERO;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let number: u64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let letters = rest.bytes().take_while(u8::is_ascii_alphabetic).count();
        let milliseconds = match &rest[..letters] {
            "ms" => 1,
            "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            _ => return None,
        };
        total = total.checked_add(Duration::from_millis(number.checked_mul(milliseconds)?))?;
        rest = &rest[letters..];
    }
    (!text.is_empty()).then_some(total)
}

/// `256m`, `1g`, `1048576`: bytes, the units being powers of 1024.
pub(super) fn bytes(text: &str) -> Option<i64> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let number: i64 = text[..digits].parse().ok()?;
    let unit = match text[digits..].to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kb" => 1 << 10,
        "m" | "mb" => 1 << 20,
        "g" | "gb" => 1 << 30,
        _ => return None,
    };
    number.checked_mul(unit)
}

/// A positive number.
pub(super) fn positive(text: &str) -> Option<i64> {
    text.parse().ok().filter(|&number| number > 0)
}

/// Whether it is started again where it ends: `no`, or `unless-stopped`.
pub(super) fn restarts(text: &str) -> Option<bool> {
    match text {
        "no" => Some(false),
        "unless-stopped" => Some(true),
        _ => None,
    }
}

/// `127.0.0.1:8080:80` or `8080:80`.
pub(super) fn port(text: &str) -> Option<Port> {
    let (rest, container) = text.rsplit_once(':')?;
    let (host_address, host) = match rest.rsplit_once(':') {
        Some((address, host)) => (Some(address.trim_matches(['[', ']']).to_owned()), host),
        None => (None, rest),
    };
    if host_address.as_deref().is_some_and(|address| address.parse::<std::net::IpAddr>().is_err()) {
        return None;
    }
    Some(Port { host_address, host: port_number(host)?, container: port_number(container)? })
}

/// 1 to 65535.
pub(super) fn port_number(text: &str) -> Option<u16> {
    text.parse().ok().filter(|&port| port != 0)
}

/// `name:/path`, `./file:/path`, each perhaps with `:ro` or `:rw`.
pub(super) fn mount(text: &str) -> Option<VolumeMount> {
    let mut parts = text.split(':');
    let (source, target, mode) = (parts.next()?, parts.next()?, parts.next());
    if parts.next().is_some() || !target.starts_with('/') {
        return None;
    }
    let read_only = match mode {
        None | Some("rw") => false,
        Some("ro") => true,
        Some(_) => return None,
    };
    let source = match source.strip_prefix("./") {
        Some(path) if is_below(path) => VolumeSource::File(path.trim_end_matches('/').to_owned()),
        None if is_name(source) => VolumeSource::Named(source.to_owned()),
        _ => return None,
    };
    Some(VolumeMount { source, target: target.trim_end_matches('/').to_owned(), read_only })
}

/// A path that doesn't leave the folder that it starts in.
fn is_below(path: &str) -> bool {
    !path.is_empty()
        && path.trim_end_matches('/').split('/').all(|part| !part.is_empty() && part != "." && part != "..")
}

fn is_name(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphanumeric())
        && text.chars().all(|character| character.is_ascii_alphanumeric() || "_.-".contains(character))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        for (text, expected) in [("500ms", 500), ("1s", 1_000), ("1m30s", 90_000), ("2h", 7_200_000), ("0s", 0)] {
            assert_eq!(duration(text), Some(Duration::from_millis(expected)), "{text}");
        }
        for text in ["", "5", "s", "1d", "-1s", "1.5s", "1s ", "99999999999999999999s", "9999999999999999999h"] {
            assert_eq!(duration(text), None, "{text}");
        }
    }

    #[test]
    fn sizes() {
        for (text, expected) in [("256m", 256 << 20), ("1g", 1 << 30), ("1GB", 1 << 30), ("12", 12), ("4k", 4096)] {
            assert_eq!(bytes(text), Some(expected), "{text}");
        }
        for text in ["", "m", "1t", "-1", "9999999999999g"] {
            assert_eq!(bytes(text), None, "{text}");
        }
    }

    #[test]
    fn ports() {
        let port_of = |address: Option<&str>, host, container| {
            Some(Port { host_address: address.map(str::to_owned), host, container })
        };
        assert_eq!(port("127.0.0.1:8080:80"), port_of(Some("127.0.0.1"), 8080, 80));
        assert_eq!(port("[::1]:8080:80"), port_of(Some("::1"), 8080, 80));
        assert_eq!(port("8080:80"), port_of(None, 8080, 80));
        for text in ["", "80", "0:80", "80:0", "65536:80", "localhost:80:80", "8080:80/udp", "8000-8001:80"] {
            assert_eq!(port(text), None, "{text}");
        }
    }

    #[test]
    fn mounts() {
        let named = |name: &str| VolumeSource::Named(name.to_owned());
        let file = |path: &str| VolumeSource::File(path.to_owned());
        for (text, source, target, read_only) in [
            ("data:/data", named("data"), "/data", false),
            ("data:/data:rw", named("data"), "/data", false),
            ("./Caddyfile:/etc/caddy/Caddyfile:ro", file("Caddyfile"), "/etc/caddy/Caddyfile", true),
            ("./a/b/:/srv/:ro", file("a/b"), "/srv", true),
        ] {
            let expected = VolumeMount { source, target: target.to_owned(), read_only };
            assert_eq!(mount(text), Some(expected), "{text}");
        }
        for text in [
            "",
            "data",
            "data:data",
            "/etc:/etc",
            "../x:/x",
            "./../x:/x",
            "./:/x",
            "data:/x:z",
            "data:/x:ro:y",
            "-x:/x",
        ] {
            assert_eq!(mount(text), None, "{text}");
        }
    }
}
