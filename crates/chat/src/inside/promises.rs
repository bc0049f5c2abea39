//! What follows from what is found: each promise, kept or broken.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::Facts;
use super::mounts::at;

/// The memory that a container of the chat may use, in bytes.
const MEMORY: u64 = 512 * 1024 * 1024;

/// The processes and threads that it may have.
const PIDS: u64 = 128;

/// A promise of the sandbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Promise {
    /// Its name.
    pub name: String,
    /// Whether it is kept.
    pub kept: bool,
    /// What was seen.
    pub seen: String,
}

/// All promises that can be looked at from within.
pub fn promises(facts: &Facts) -> Vec<Promise> {
    let mut promises = Vec::new();
    let mut promise = |name: &str, (kept, seen): (bool, String)| {
        promises.push(Promise { name: name.to_owned(), kept, seen });
    };
    promise("read-only-root", read_only_root(facts));
    promise("not-root", not_root(facts));
    promise("no-capabilities", no_capabilities(facts));
    promise("no-new-privileges", field(facts, "NoNewPrivs", "1"));
    promise("memory", bound(facts.bounds.memory, MEMORY, "bytes"));
    promise("pids", bound(facts.bounds.pids, PIDS, "processes"));
    promise("no-engine-socket", no_socket(facts));
    promise("workspace", workspace(facts));
    promise("identity", identity(facts));
    promise("agents-identity-absent", agents(facts));
    promise("service-hidden", hidden(facts));
    promise("command-environment", environment(facts));
    promise("command-confined", confined(facts));
    promises
}

fn read_only_root(facts: &Facts) -> (bool, String) {
    match at(&facts.mounts, Path::new("/")) {
        Some(root) if root.is_read_only => (true, "the root is mounted read-only".to_owned()),
        Some(_) => (false, "the root can be written".to_owned()),
        None => (false, "no root is among the mounts".to_owned()),
    }
}

fn not_root(facts: &Facts) -> (bool, String) {
    let ids = facts.status.get("Uid").map_or("", String::as_str);
    let kept = !ids.is_empty() && ids.split_whitespace().all(|id| id != "0");
    (kept, format!("the service's user ids are `{ids}`"))
}

fn no_capabilities(facts: &Facts) -> (bool, String) {
    let sets = ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"];
    let value = |name: &&str| facts.status.get(*name).map_or("?", String::as_str);
    let is_empty = |value: &str| u64::from_str_radix(value, 16) == Ok(0);
    let others: Vec<String> =
        sets.iter().filter(|name| !is_empty(value(name))).map(|name| format!("{name} {}", value(name))).collect();
    match others.is_empty() {
        true => (true, "all sets are empty".to_owned()),
        false => (false, others.join(", ")),
    }
}

fn field(facts: &Facts, name: &str, expected: &str) -> (bool, String) {
    let found = facts.status.get(name).map_or("?", String::as_str);
    (found == expected, format!("{name} is {found}"))
}

fn bound(found: Option<u64>, most: u64, of: &str) -> (bool, String) {
    match found {
        Some(found) => (found <= most, format!("{found} {of}, of {most} at most")),
        None => (false, "there is no bound".to_owned()),
    }
}

fn no_socket(facts: &Facts) -> (bool, String) {
    let mounted =
        facts.mounts.iter().filter(|mount| mount.target.extension().is_some_and(|extension| extension == "sock"));
    let found: Vec<String> =
        facts.sockets.iter().cloned().chain(mounted.map(|mount| mount.target.display().to_string())).collect();
    if found.is_empty() { (true, "there is none".to_owned()) } else { (false, found.join(", ")) }
}

fn workspace(facts: &Facts) -> (bool, String) {
    let name = facts.workspace.display();
    match at(&facts.mounts, &facts.workspace) {
        None => (false, format!("nothing is mounted at {name}")),
        Some(mount) if mount.is_read_only => (false, format!("{name} is mounted read-only")),
        Some(mount) if mount.kind == "tmpfs" => {
            (false, format!("{name} is kept in memory: no project is mounted there"))
        }
        Some(mount) => (true, format!("{name} is a mount of type {}", mount.kind)),
    }
}

/// With a key nothing that lasts is mounted; without one the chat's own folder is.
fn identity(facts: &Facts) -> (bool, String) {
    let name = facts.identity.display();
    let within: Vec<&super::mounts::Mount> =
        facts.mounts.iter().filter(|mount| mount.target.starts_with(&facts.identity)).collect();
    let lasts = within.iter().find(|mount| mount.kind != "tmpfs");
    match (facts.has_key, lasts) {
        (true, None) => (true, format!("there is a key, and {name} is kept in memory or in the image")),
        (true, Some(mount)) => {
            (false, format!("there is a key, and {} is mounted all the same", mount.target.display()))
        }
        (false, Some(mount)) => (true, format!("{} is mounted", mount.target.display())),
        (false, None) => (false, format!("there is no key, and nothing that lasts is mounted at {name}")),
    }
}

/// Whatever a mount is called in here: where it comes from tells whose it is.
fn agents(facts: &Facts) -> (bool, String) {
    let is_theirs = |path: &Path| {
        path.components().any(|part| part.as_os_str() == ".claude" || part.as_os_str() == "claude-shared")
    };
    let theirs = facts.mounts.iter().find(|mount| is_theirs(&mount.root) || is_theirs(&mount.target));
    match theirs {
        None => (true, "nothing of theirs is mounted".to_owned()),
        Some(mount) => (false, format!("{} is mounted at {}", mount.root.display(), mount.target.display())),
    }
}

fn hidden(facts: &Facts) -> (bool, String) {
    match facts.is_environment_open {
        false => (true, "/proc/1/environ can't be opened".to_owned()),
        true => (false, "another process of the same user reads /proc/1/environ".to_owned()),
    }
}

fn environment(facts: &Facts) -> (bool, String) {
    match facts.leaked.is_empty() {
        true => (true, "a turn gets what is allowed and none of the service's secrets".to_owned()),
        false => (false, format!("a turn gets {}", facts.leaked.join(", "))),
    }
}

fn confined(facts: &Facts) -> (bool, String) {
    let attempts = match &facts.attempts {
        Ok(attempts) if attempts.is_empty() => return (false, "nothing was tried".to_owned()),
        Ok(attempts) => attempts,
        Err(why) => return (false, format!("no confined command can be run: {why}")),
    };
    let wrong = attempts.iter().filter(|attempt| attempt.worked != attempt.should_work);
    let wrong: Vec<String> =
        wrong.map(|attempt| format!("it {} {}", if attempt.worked { "can" } else { "can't" }, attempt.what)).collect();
    match wrong.is_empty() {
        true => (true, format!("{} things were tried, and went as they should", attempts.len())),
        false => (false, wrong.join("; ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inside::attempts::Attempt;
    use crate::inside::mounts::Mount;
    use crate::turn::Bounds;

    fn mount(root: &str, target: &str, is_read_only: bool, kind: &str) -> Mount {
        Mount { root: root.into(), target: target.into(), is_read_only, kind: kind.to_owned() }
    }

    fn attempt(what: &str, should_work: bool, worked: bool) -> Attempt {
        Attempt { what: what.to_owned(), should_work, worked }
    }

    /// A container as it should be, with a key.
    fn good() -> Facts {
        let status = [("Uid", "1000\t1000\t1000\t1000"), ("NoNewPrivs", "1")];
        let sets = ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"].map(|name| (name, "0000000000000000"));
        Facts {
            mounts: vec![
                mount("/", "/", true, "overlay"),
                mount("/volumes/tree", "/workspace", false, "ext4"),
                mount("/", "/home/chat/.claude-chat", false, "tmpfs"),
            ],
            status: status.into_iter().chain(sets).map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
            bounds: Bounds { memory: Some(MEMORY), pids: Some(PIDS) },
            sockets: Vec::new(),
            is_environment_open: false,
            workspace: "/workspace".into(),
            identity: "/home/chat/.claude-chat".into(),
            has_key: true,
            leaked: Vec::new(),
            attempts: Ok(vec![attempt("write in the workspace", true, true), attempt("read /", false, false)]),
        }
    }

    fn broken(change: impl FnOnce(&mut Facts)) -> Vec<String> {
        let mut facts = good();
        change(&mut facts);
        promises(&facts).into_iter().filter(|promise| !promise.kept).map(|promise| promise.name).collect()
    }

    #[test]
    fn a_good_container_keeps_them_all() {
        assert_eq!(broken(|_| {}), Vec::<String>::new());
        assert_eq!(
            broken(|facts| {
                facts.has_key = false;
                facts.mounts[2] = mount("/home/op/.claude-chat", "/home/chat/.claude-chat", false, "ext4");
            }),
            Vec::<String>::new()
        );
    }

    #[test]
    fn each_is_broken_by_itself() {
        type Change = fn(&mut Facts);
        let cases: [(&str, Change); 21] = [
            ("read-only-root", |facts| facts.mounts[0].is_read_only = false),
            ("not-root", |facts| drop(facts.status.insert("Uid".to_owned(), "1000\t0\t1000\t1000".to_owned()))),
            ("not-root", |facts| drop(facts.status.remove("Uid"))),
            ("no-capabilities", |facts| drop(facts.status.insert("CapBnd".to_owned(), "0000000000000400".to_owned()))),
            ("no-capabilities", |facts| drop(facts.status.remove("CapAmb"))),
            ("no-new-privileges", |facts| drop(facts.status.insert("NoNewPrivs".to_owned(), "0".to_owned()))),
            ("memory", |facts| facts.bounds.memory = Some(MEMORY + 1)),
            ("memory", |facts| facts.bounds.memory = None),
            ("pids", |facts| facts.bounds.pids = Some(PIDS + 1)),
            ("no-engine-socket", |facts| facts.sockets.push("/run/docker.sock".to_owned())),
            ("no-engine-socket", |facts| facts.mounts.push(mount("/run/docker.sock", "/engine.sock", false, "tmpfs"))),
            ("workspace", |facts| drop(facts.mounts.remove(1))),
            ("workspace", |facts| facts.mounts[1].is_read_only = true),
            ("workspace", |facts| facts.mounts[1].kind = "tmpfs".to_owned()),
            ("identity", |facts| facts.mounts[2].kind = "ext4".to_owned()),
            ("identity", |facts| facts.has_key = false),
            ("agents-identity-absent", |facts| facts.mounts.push(mount("/home/op/.claude", "/x", true, "ext4"))),
            ("agents-identity-absent", |facts| {
                facts.mounts.push(mount("/", "/var/lib/disinto/claude-shared", true, "ext4"))
            }),
            ("service-hidden", |facts| facts.is_environment_open = true),
            ("command-environment", |facts| facts.leaked.push("FORGE_TOKEN".to_owned())),
            ("command-confined", |facts| facts.attempts = Ok(vec![attempt("read /", false, true)])),
        ];
        for (name, change) in cases {
            assert_eq!(broken(change), [name]);
        }
        for attempts in [Ok(vec![]), Err("no Landlock".to_owned()), Ok(vec![attempt("write", true, false)])] {
            assert_eq!(broken(|facts| facts.attempts = attempts), ["command-confined"]);
        }
    }
}
