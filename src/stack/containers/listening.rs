//! The ports at which a container takes connections from its neighbours.

use std::collections::BTreeSet;

use super::inside::Container;
use crate::stack::bootstrap::{Command, Inside};

/// Caddy's admin API, where nobody says otherwise.
const USUAL: u16 = 2019;
/// The most ports that are told of.
const MOST: usize = 16;
/// `LISTEN` in the table (`include/net/tcp_states.h`).
const LISTEN: &str = "0A";

/// All of them but those on loopback; where the container can't say, the one that matters most.
pub(super) async fn ports(container: &Container<'_>) -> BTreeSet<u16> {
    let arguments = ["cat", "/proc/net/tcp", "/proc/net/tcp6"];
    let command = Command { arguments: &arguments, environment: &[], user: None };
    match container.run(command).await {
        Ok(output) if output.stdout.contains("local_address") => read(&output.stdout),
        _ => BTreeSet::from([USUAL]),
    }
}

/// Reads the kernel's tables of sockets (proc_net_tcp in the kernel's documentation).
fn read(tables: &str) -> BTreeSet<u16> {
    let port = |line: &str| {
        let mut fields = line.split_whitespace().skip(1);
        let (address, port) = fields.next()?.rsplit_once(':')?;
        let is_listening = fields.nth(1) == Some(LISTEN);
        (is_listening && !is_loopback(address)).then(|| u16::from_str_radix(port, 16).ok()).flatten()
    };
    tables.lines().filter_map(port).take(MOST).collect()
}

/// Addresses are words in the machine's own byte order: 127.0.0.1 is `0100007F` on little-endian ones.
fn is_loopback(address: &str) -> bool {
    match address.len() {
        8 => address.ends_with("7F") || address.starts_with("7F"),
        32 => {
            let is_mapped = address.starts_with("0000000000000000FFFF0000") && address.ends_with("7F");
            let is_own = ["00000000000000000000000001000000", "00000000000000000000000000000001"].contains(&address);
            is_mapped || is_own
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listeners_are_told_from_connections_and_from_loopback() {
        let tables = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n\
            0: 0100007F:07E3 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0\n\
            1: 00000000:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0\n\
            2: 030012AC:1F90 010012AC:C350 01 00000000:00000000 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0\n\
              sl  local_address                         remote_address                        st tx_queue\n\
            0: 00000000000000000000000000000000:07E4 00000000000000000000000000000000:0000 0A 0:0 0:0 0 0 0 1\n\
            1: 00000000000000000000000001000000:07E5 00000000000000000000000000000000:0000 0A 0:0 0:0 0 0 0 1\n";
        assert_eq!(read(tables), BTreeSet::from([8080, 2020]));
        assert_eq!(read("nonsense\n\u{fffd}: x"), BTreeSet::new());
    }
}
