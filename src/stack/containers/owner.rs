//! Whose a container, network or volume is, and whether that one still lives.
//!
//! Everything that a run makes is labelled with the run and its owner: the process that made it. A run that was killed
//! can't clean up after itself; the next one does, but touches nothing whose owner may still be at work.

use std::fmt;
use std::fs;

/// The label with the run's id.
pub const RUN_LABEL: &str = "edge-smoke.run";
/// The label with the owner, as [`Owner`] writes it.
pub const OWNER_LABEL: &str = "edge-smoke.owner";
/// The label of what is to stay after the run (`--keep`).
pub const KEEP_LABEL: &str = "edge-smoke.keep";

/// A process, told from all others: process ids are used again, and an engine may serve several machines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// The process id.
    pub process: u32,
    /// When it started, in clock ticks since the machine's start.
    pub started: u64,
    /// The namespace that the process id counts in; another in every container.
    pub namespace: String,
    /// This start of the machine.
    pub boot: String,
    /// The machine's name.
    pub host: String,
}

/// What can be told of an owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Life {
    /// It is still there.
    Alive,
    /// It is gone: what it left may be removed.
    Gone,
    /// It can't be told from here.
    Unknown,
}

impl Owner {
    /// This process. `None` where the system doesn't tell enough (`/proc` is Linux's).
    pub fn current() -> Option<Self> {
        let process = std::process::id();
        Some(Self {
            process,
            started: start_time(&fs::read_to_string(format!("/proc/{process}/stat")).ok()?)?,
            namespace: fs::read_link("/proc/self/ns/pid").ok()?.to_string_lossy().replace(':', ""),
            boot: fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?.trim().to_owned(),
            host: fs::read_to_string("/proc/sys/kernel/hostname").ok()?.trim().to_owned(),
        })
    }

    /// The owner that a label names. `None` where it isn't one of ours.
    pub fn parse(label: &str) -> Option<Self> {
        let mut fields = label.splitn(5, ':');
        Some(Self {
            process: fields.next()?.parse().ok()?,
            started: fields.next()?.parse().ok()?,
            namespace: fields.next().filter(|field| !field.is_empty())?.to_owned(),
            boot: fields.next().filter(|field| !field.is_empty())?.to_owned(),
            host: fields.next().filter(|field| !field.is_empty())?.to_owned(),
        })
    }

    /// Whether this owner lives, as `here`, a process of this machine, can tell. `start_of` gives the start of the
    /// process with an id in the namespace of `here`, `None` where there is none.
    pub fn life(&self, here: &Self, start_of: &dyn Fn(u32) -> Option<u64>) -> Life {
        if self.host != here.host {
            Life::Unknown
        } else if self.boot != here.boot {
            // The same machine before it was started anew: no process outlives that. Another machine of the same name
            // would look alike; two such on one engine can't be told apart.
            Life::Gone
        } else if self.namespace != here.namespace {
            Life::Unknown
        } else if start_of(self.process) == Some(self.started) {
            Life::Alive
        } else if start_of(1).is_none() {
            // The first process is always there: where it can't be seen, others can't either (proc(5), hidepid).
            Life::Unknown
        } else {
            Life::Gone
        }
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}:{}:{}:{}", self.process, self.started, self.namespace, self.boot, self.host)
    }
}

/// When the process with this id started, in clock ticks since the machine's start; `None` where there is no such
/// process.
pub fn start_of(process: u32) -> Option<u64> {
    start_time(&fs::read_to_string(format!("/proc/{process}/stat")).ok()?)
}

/// Field 22 of proc_pid_stat(5). The second, the program's name, stands in parentheses and may hold blanks and
/// parentheses.
fn start_time(stat: &str) -> Option<u64> {
    let (_, after_name) = stat.rsplit_once(')')?;
    after_name.split_ascii_whitespace().nth(19)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owner() -> Owner {
        Owner { process: 7, started: 99, namespace: "pid[1]".into(), boot: "b1".into(), host: "h:1".into() }
    }

    #[test]
    fn a_label_is_read_as_it_was_written() {
        assert_eq!(Owner::parse(&owner().to_string()), Some(owner()));
        for label in ["", "7", "7:99", "7:99:n:b", "x:99:n:b:h", "7:x:n:b:h", "7:99:::", "-1:99:n:b:h"] {
            assert_eq!(Owner::parse(label), None, "{label}");
        }
    }

    #[test]
    fn only_a_process_known_to_be_gone_is_gone() {
        let here = owner();
        let running =
            |process: u32| [(1, 0), (7, 99)].into_iter().find_map(|(id, start)| (id == process).then_some(start));
        let none = |process: u32| (process == 1).then_some(0);
        let reused = |_: u32| Some(100);
        let hidden = |_: u32| None;
        assert_eq!(owner().life(&here, &running), Life::Alive);
        assert_eq!(owner().life(&here, &none), Life::Gone);
        assert_eq!(owner().life(&here, &reused), Life::Gone);
        assert_eq!(owner().life(&here, &hidden), Life::Unknown);
        assert_eq!(Owner { boot: "b0".into(), ..owner() }.life(&here, &running), Life::Gone);
        assert_eq!(Owner { host: "h2".into(), ..owner() }.life(&here, &none), Life::Unknown);
        assert_eq!(Owner { namespace: "pid[2]".into(), ..owner() }.life(&here, &none), Life::Unknown);
    }

    #[test]
    fn the_start_is_found_behind_any_name() {
        let stat = "12 (a ) b (c)) S 1 12 12 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 4242 1 1";
        assert_eq!(start_time(stat), Some(4242));
        assert_eq!(start_time("12 (x"), None);
        assert_eq!(start_time(""), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_process_is_alive() {
        let here = Owner::current().unwrap();
        assert_eq!(here.life(&here, &start_of), Life::Alive);
    }
}
