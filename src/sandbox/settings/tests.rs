use serde_json::{Value, json};

use super::*;

/// A container as it should be, with a key, in the engine's words.
fn good() -> Value {
    json!({
        "State": { "Status": "running", "Running": true },
        "Config": {
            "User": "1000:1000",
            "Env": ["ANTHROPIC_API_KEY=sk-ant-secret", "CHAT_WORKSPACE_DIR=/workspace", "CLAUDE_CONFIG_DIR=/home/chat/.claude-chat/config"],
        },
        "HostConfig": {
            "ReadonlyRootfs": true, "CapDrop": ["ALL"], "Privileged": false, "SecurityOpt": ["no-new-privileges:true"],
            "Memory": 536_870_912, "PidsLimit": 128, "NetworkMode": "stack", "IpcMode": "private", "PidMode": "",
            "Tmpfs": { "/tmp": "mode=0700", "/home/chat/.claude-chat": "mode=0700" },
        },
        "Mounts": [
            { "Type": "volume", "Name": "tree", "Source": "/var/lib/docker/volumes/tree/_data", "Destination": "/workspace", "RW": true },
            { "Type": "volume", "Name": "chat-data", "Source": "/var/lib/docker/volumes/chat-data/_data", "Destination": "/var/lib/chat", "RW": true },
        ],
    })
}

fn broken(change: impl FnOnce(&mut Value)) -> Vec<String> {
    let mut container = good();
    change(&mut container);
    let promises = promises(&serde_json::from_value(container).unwrap());
    let shown: String = promises.iter().map(|promise| promise.seen.as_str()).collect();
    assert!(!shown.contains("sk-ant-secret"), "{shown}");
    promises.into_iter().filter(|promise| !promise.kept).map(|promise| promise.name).collect()
}

fn mount(container: &mut Value, mount: Value) {
    container["Mounts"].as_array_mut().unwrap().push(mount);
}

#[test]
fn a_good_container_keeps_them_all() {
    assert_eq!(broken(|_| {}), Vec::<String>::new());
    let signed_in = |container: &mut Value| {
        container["Config"]["Env"] = json!([]);
        mount(
            container,
            json!({ "Type": "bind", "Source": "/home/op/.claude-chat", "Destination": "/home/chat/.claude-chat", "RW": true }),
        );
    };
    assert_eq!(broken(signed_in), Vec::<String>::new());
}

#[test]
fn each_is_broken_by_itself() {
    type Change = fn(&mut Value);
    let cases: [(&str, Change); 28] = [
        ("running", |it| it["State"] = json!({ "Status": "exited", "Running": false })),
        ("read-only-root", |it| it["HostConfig"]["ReadonlyRootfs"] = json!(false)),
        ("no-capabilities", |it| it["HostConfig"]["CapDrop"] = json!(["NET_RAW"])),
        ("no-capabilities", |it| it["HostConfig"]["CapAdd"] = json!(["NET_BIND_SERVICE"])),
        ("not-privileged", |it| it["HostConfig"]["Privileged"] = json!(true)),
        ("no-new-privileges", |it| it["HostConfig"]["SecurityOpt"] = json!([])),
        ("no-new-privileges", |it| it["HostConfig"]["SecurityOpt"] = json!(["no-new-privileges:false"])),
        ("profiles", |it| it["HostConfig"]["SecurityOpt"] = json!(["no-new-privileges", "seccomp=unconfined"])),
        ("memory", |it| it["HostConfig"]["Memory"] = json!(0)),
        ("memory", |it| it["HostConfig"]["Memory"] = json!(536_870_913)),
        ("pids", |it| it["HostConfig"]["PidsLimit"] = Value::Null),
        ("pids", |it| it["HostConfig"]["PidsLimit"] = json!(-1)),
        ("not-root", |it| it["Config"]["User"] = json!("")),
        ("not-root", |it| it["Config"]["User"] = json!("0:1000")),
        ("own-namespaces", |it| it["HostConfig"]["PidMode"] = json!("host")),
        ("own-namespaces", |it| it["HostConfig"]["NetworkMode"] = json!("container:forge")),
        ("no-devices", |it| it["HostConfig"]["Devices"] = json!([{ "PathOnHost": "/dev/kvm" }])),
        ("not-published", |it| it["HostConfig"]["PortBindings"] = json!({ "8080/tcp": [{ "HostPort": "8080" }] })),
        ("no-engine-socket", |it| {
            mount(
                it,
                json!({ "Type": "bind", "Source": "/var/run/docker.sock", "Destination": "/engine", "RW": false }),
            )
        }),
        ("no-engine-socket", |it| {
            mount(it, json!({ "Type": "bind", "Source": "/run/", "Destination": "/host", "RW": false }))
        }),
        ("no-engine-socket", |it| {
            mount(it, json!({ "Type": "bind", "Source": "/", "Destination": "/host", "RW": false }))
        }),
        ("workspace", |it| drop(it["Mounts"].as_array_mut().unwrap().remove(0))),
        ("workspace", |it| it["Mounts"][0]["RW"] = json!(false)),
        ("workspace", |it| it["Mounts"][0]["Name"] = json!("0".repeat(64))),
        ("identity", |it| {
            mount(
                it,
                json!({ "Type": "volume", "Name": "x", "Source": "/v", "Destination": "/home/chat/.claude-chat/config", "RW": true }),
            )
        }),
        ("identity", |it| it["Config"]["Env"] = json!(["ANTHROPIC_API_KEY="])),
        ("agents-identity-absent", |it| {
            mount(it, json!({ "Type": "bind", "Source": "/home/op/.claude", "Destination": "/opt/x", "RW": true }))
        }),
        ("temporary-in-memory", |it| it["HostConfig"]["Tmpfs"] = json!({})),
    ];
    for (name, change) in cases {
        assert_eq!(broken(change), [name]);
    }
    // Of a container that nothing is known of nothing is claimed.
    let promises = promises(&serde_json::from_value(json!({})).unwrap());
    let kept: Vec<&str> = promises.iter().filter(|promise| promise.kept).map(|promise| promise.name.as_str()).collect();
    for name in [
        "running",
        "read-only-root",
        "no-capabilities",
        "no-new-privileges",
        "memory",
        "pids",
        "not-root",
        "workspace",
        "identity",
    ] {
        assert!(!kept.contains(&name), "{name}");
    }
}
