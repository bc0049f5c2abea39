//! The program `edge`: its whole answer.

use std::process::{Command, Output};

use tempfile::TempDir;

/// A folder in which the program is called.
struct Folder(TempDir);

impl Folder {
    fn new(files: &[(&str, &str)]) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        for (name, text) in files {
            folder.write(name, text);
        }
        folder
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.0.path().join(name), text).unwrap();
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.0.path().join(name)).unwrap()
    }

    fn output(&self, arguments: &str, environment: &[(&str, &str)]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_edge"));
        command.args(arguments.split(' ')).current_dir(self.0.path()).env_clear();
        command.envs(environment.iter().copied()).output().unwrap()
    }

    /// Exit code, standard output, standard error.
    fn answer(&self, arguments: &str, environment: &[(&str, &str)]) -> String {
        let output = self.output(arguments, environment);
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        format!("exit {}\n{}{}", output.status.code().unwrap(), text(output.stdout), text(output.stderr))
    }

    /// Standard output of a call that succeeds.
    fn rendered(&self, arguments: &str) -> String {
        let output = self.output(arguments, &[]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }
}

const SECRET: &str = "FORWARD_AUTH_SECRET=0123456789abcdef\n";

fn public(mode: &str) -> String {
    format!("EDGE_ROUTING_MODE={mode}\nEDGE_TUNNEL_FQDN=project.example.com\n{SECRET}")
}

const TARGETS: [(&str, &str); 4] = [
    ("caddyfile", "Caddyfile"),
    ("compose-env", "compose.env"),
    ("nomad", "jobs.json"),
    ("env-template", "template.env"),
];

#[test]
fn rendering_is_deterministic_and_files_hold_what_is_printed() {
    let folder = Folder::new(&[(".env", &public("subdomain"))]);
    for (target, file) in TARGETS {
        let arguments = format!("render --target {target} --env-file .env");
        let text = folder.rendered(&arguments);
        assert!(!text.is_empty() && text.ends_with('\n'));
        assert_eq!(folder.rendered(&arguments), text);
        assert_eq!(folder.answer(&format!("{arguments} --out {file}"), &[]), format!("exit 0\n{file}: is written\n"));
        assert_eq!(folder.read(file), text);
        assert_eq!(
            folder.answer(&format!("{arguments} --out {file}"), &[]),
            format!("exit 0\n{file}: is up to date\n")
        );
    }
}

/// The whole of a switch: one line changed, everything that follows named as stale, rendered again, and well; and back.
#[test]
fn one_setting_is_changed_and_nothing_stays_behind() {
    let folder = Folder::new(&[(".env", &public("subpath"))]);
    let render = || {
        for (target, file) in &TARGETS[..3] {
            folder.rendered(&format!("render --target {target} --env-file .env --out {file}"));
        }
    };
    let check = "check --env-file .env --caddyfile Caddyfile --compose-env compose.env --nomad jobs.json";
    render();
    let well = |mode| format!("exit 0\nup to date, mode {mode}: .env, Caddyfile, compose.env, jobs.json\n");
    assert_eq!(folder.answer(check, &[]), well("subpath"));
    let before = folder.read("Caddyfile");
    folder.write(".env", &public("subdomain"));
    let stale = folder.answer(check, &[]);
    assert!(stale.starts_with("exit 1\nstale: Caddyfile: EDGE_ROUTING_MODE: the file has `subpath`"), "{stale}");
    for words in ["stale: compose.env: ROOT_URL: ", "stale: compose.env: WOODPECKER_HOST: ", "stale: jobs.json: /edge/"]
    {
        assert!(stale.contains(words), "{words}\n{stale}");
    }
    render();
    assert_eq!(folder.answer(check, &[]), well("subdomain"));
    folder.write(".env", &public("subpath"));
    render();
    assert_eq!((folder.answer(check, &[]), folder.read("Caddyfile")), (well("subpath"), before));
}

#[test]
fn an_env_file_that_holds_values_of_another_mode_renders_nothing() {
    let old = "ROOT_URL=https://project.example.com/forge/\nWOODPECKER_HOST=https://project.example.com/ci\n";
    let folder = Folder::new(&[(".env", &(public("subdomain") + old))]);
    insta::assert_snapshot!(folder.answer("render --target caddyfile --env-file .env --out Caddyfile", &[]), @r"
    exit 1
    stale: .env: ROOT_URL: it is `https://project.example.com/forge/`, and the mode subdomain asks for `https://forge.project.example.com/`
    stale: .env: WOODPECKER_HOST: it is `https://project.example.com/ci`, and the mode subdomain asks for `https://ci.project.example.com`
    help: change these lines, or take them out and let `edge render --target compose-env` write them
    ");
    assert!(!folder.0.path().join("Caddyfile").exists());
}

#[test]
fn a_running_service_that_disagrees_is_named_without_its_secret() {
    let running = "PATH=/bin\nWOODPECKER_HOST=https://project.example.com/ci\nQUOTED=\"x\nof two lines\nFORWARD_AUTH_SECRET=hunter2\n";
    let folder = Folder::new(&[(".env", &public("subdomain")), ("ci.env", running)]);
    insta::assert_snapshot!(folder.answer("check --env-file .env --running ci.env", &[]), @r"
    exit 1
    stale: ci.env: WOODPECKER_HOST: it is `https://project.example.com/ci`, and the mode subdomain asks for `https://ci.project.example.com`
    stale: ci.env: FORWARD_AUTH_SECRET: it is another secret than the settings have; start the service anew
    ");
    folder.write("ci.env", "WOODPECKER_HOST=https://ci.project.example.com\nFORWARD_AUTH_SECRET=0123456789abcdef\n");
    assert_eq!(
        folder.answer("check --env-file .env --running ci.env", &[]),
        "exit 0\nup to date, mode subdomain: .env, ci.env\n"
    );
}

#[test]
fn stale_applications_are_named() {
    let list = r#"[{"id":1,"name":"woodpecker","redirect_uris":["https://project.example.com/ci/authorize"]},
        {"id":2,"name":"chat","redirect_uris":["https://chat.project.example.com/oauth/callback"]}]"#;
    let folder = Folder::new(&[(".env", &public("subdomain")), ("oauth.json", list)]);
    insta::assert_snapshot!(folder.answer("check --env-file .env --oauth oauth.json", &[]), @r"
    exit 1
    stale: oauth.json: CI_OAUTH_REDIRECT_URI: the application `woodpecker` has the address of the mode subpath, and the mode subdomain asks for `https://ci.project.example.com/authorize`; update it, and give the service the new secret, which the forge then makes
    ");
}

#[test]
fn settings_come_from_the_environment_as_well_and_must_agree_with_the_file() {
    let folder = Folder::new(&[(".env", &public("subpath"))]);
    let environment = [("EDGE_ROUTING_MODE", "subdomain"), ("FORWARD_AUTH_SECRET", "hunter2"), ("HOME", "/")];
    let alone = folder.answer("render --target compose-env", &environment);
    assert!(alone.contains("\nROOT_URL=http://forge.edge.test:8080/\n"), "{alone}");
    insta::assert_snapshot!(folder.answer("render --target compose-env --env-file .env", &environment), @r"
    exit 64
    error: EDGE_ROUTING_MODE: .env has `subpath`, and the environment has `subdomain`; change the line, or unset the variable
    error: FORWARD_AUTH_SECRET: .env has one value, and the environment has another value; change the line, or unset the variable
    ");
}

#[test]
fn bad_settings_are_refused_by_name() {
    let text = "EDGE_ROUTING_MODE=sub-path\nEDGE_TUNNEL_FQDN=\nEDGE_UPSTREAM_CI=ci\nFORWARD_AUTH_SECRET=<no value>\n";
    let folder = Folder::new(&[
        (".env", text),
        ("secret.env", "FORWARD_AUTH_SECRET='hunter 2'\n"),
        ("lines.env", "EDGE\nA=\"x\n"),
    ]);
    let mut answers = String::new();
    for arguments in [
        "render --target caddyfile --env-file .env",
        "check --env-file secret.env",
        "render --target caddyfile",
        "render --target caddyfile --env-file lines.env",
        "render --target caddyfile --env-file nowhere.env",
        "render --target caddyfile --env-file .",
        "render --target caddyfile --job edge",
        "check",
    ] {
        answers.push_str(&format!("$ edge {arguments}\n{}", folder.answer(arguments, &[])));
    }
    insta::assert_snapshot!(answers, @r"
    $ edge render --target caddyfile --env-file .env
    exit 64
    error: EDGE_ROUTING_MODE: expected `subpath` or `subdomain`, found `sub-path`
    error: EDGE_TUNNEL_FQDN: the host is empty; set it to the name that browsers use, such as `project.example.com`; or take the line out, and the address is a standard one
    error: EDGE_UPSTREAM_CI: expected `HOST:PORT`, found `ci`: the port is missing; add the one that the service listens on
    error: FORWARD_AUTH_SECRET: the secret is `<no value>`, which a template leaves where a value is missing; seed the value before rendering
    $ edge check --env-file secret.env
    exit 64
    error: FORWARD_AUTH_SECRET: the secret contains a space or a line break; generate one without
    $ edge render --target caddyfile
    exit 64
    error: FORWARD_AUTH_SECRET: the secret is empty; generate one, for example 32 random bytes in hexadecimal
    $ edge render --target caddyfile --env-file lines.env
    exit 64
    error: lines.env: line 1: expected `NAME=VALUE`, found no equals sign
    error: lines.env: A: line 2: the quote at the value's start is not closed on the same line
    $ edge render --target caddyfile --env-file nowhere.env
    exit 64
    error: nowhere.env: No such file or directory (os error 2)
    $ edge render --target caddyfile --env-file .
    exit 64
    error: .: expected a file, found a directory
    $ edge render --target caddyfile --job edge
    exit 64
    error: --job: only the target nomad has jobs; leave it out
    $ edge check
    exit 64
    error: there is nothing to check; give --env-file, --caddyfile, --compose-env, --running, --nomad or --oauth
    ");
}

#[test]
fn nobodys_file_is_written_over() {
    let folder = Folder::new(&[(".env", &public("subpath")), ("Caddyfile", "example.com {\n}\n")]);
    let arguments = "render --target caddyfile --env-file .env --out Caddyfile";
    insta::assert_snapshot!(folder.answer(arguments, &[]), @r"
    exit 64
    error: Caddyfile: the file is there and was not rendered as this target; move it away, or write over it with --force
    ");
    assert_eq!(folder.read("Caddyfile"), "example.com {\n}\n");
    assert_eq!(folder.answer(&format!("{arguments} --force"), &[]), "exit 0\nCaddyfile: is written\n");
    // A template that somebody filled in holds their settings.
    let filled = folder.answer("render --target env-template --env-file .env --out .env", &[]);
    assert!(filled.starts_with("exit 64\n") && folder.read(".env") == public("subpath"), "{filled}");
}

#[test]
fn one_job_is_a_file_for_nomad() {
    let folder = Folder::new(&[(".env", &public("subpath"))]);
    for job in ["edge", "chat"] {
        let text = folder.rendered(&format!("render --target nomad --job {job} --env-file .env --out {job}.json"));
        assert_eq!(text, "");
        let parsed: serde_json::Value = serde_json::from_str(&folder.read(&format!("{job}.json"))).unwrap();
        assert_eq!(parsed["Job"]["ID"], job);
    }
    assert_eq!(folder.output("check --env-file .env --nomad edge.json --nomad chat.json", &[]).status.code(), Some(0));
}

#[test]
fn the_help_names_every_target_and_exit_code() {
    let folder = Folder::new(&[]);
    let help = folder.rendered("render --help");
    for (target, _) in TARGETS {
        assert!(help.contains(target), "{help}");
    }
    insta::assert_snapshot!(folder.rendered("--help"), @r"
    Render what follows from the settings of an edge, and name what is stale

    Usage: edge <COMMAND>

    Commands:
      render  Write what the settings ask for: the same settings give the same text
      check   Compare what is there with what the settings ask for, and name each setting that differs
      help    Print this message or the help of the given subcommand(s)

    Options:
      -h, --help     Print help
      -V, --version  Print version

    Exit codes:
      0   rendered; nothing is stale
      1   something is stale
      64  the command line, a setting or a file is wrong
    ");
    assert_eq!(folder.output("render", &[]).status.code(), Some(64), "clap's own 2 is another program's PIVOT");
}
