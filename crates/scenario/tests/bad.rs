//! What people are told about files that are wrong: every file in `bad/` has its answer in `snapshots/`.

use std::fmt::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use scenario::{Diagnostic, Source, parse};

fn errors(name: &str, text: &str) -> Vec<Diagnostic> {
    match parse(&Source::new(name, text)) {
        Ok(_) => panic!("{name} was accepted"),
        Err(diagnostics) => diagnostics,
    }
}

fn rendered(diagnostics: &[Diagnostic]) -> String {
    diagnostics.iter().fold(String::new(), |mut out, diagnostic| {
        let _ = writeln!(out, "{}", diagnostic.render(false));
        out
    })
}

#[test]
fn every_file_is_answered() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bad");
    let mut names: Vec<String> = std::fs::read_dir(&folder)
        .expect("the folder")
        .map(|entry| entry.expect("an entry").file_name().into_string().expect("a name"))
        .collect();
    names.sort();
    assert!(names.len() > 25, "{names:?}");
    for name in names {
        let text = std::fs::read_to_string(folder.join(&name)).expect("a file of text");
        let diagnostics = errors(&format!("scenarios/{name}"), &text);
        insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!(name.trim_end_matches(".yaml"), rendered(&diagnostics));
        });
    }
}

#[test]
fn a_large_file_is_refused_at_once() {
    let text = format!("name: large\nsteps:\n{}", "  - get: /\n".repeat(1_000_000));
    assert!(text.len() > 10 << 20);
    let start = Instant::now();
    insta::assert_snapshot!(rendered(&errors("large.yaml", &text)), @r"
    error: the file is too large: files may have at most 1 MiB
     --> large.yaml
      = found: 10.5 MiB
      = help: split it into several files
    ");
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
}

/// Ten levels, each nine times the one before: a thousand million values.
fn bomb() -> String {
    let mut text = "name: bomb\nvars:\n  a0: &a0 [lol]\n".to_owned();
    for level in 1..10 {
        let aliases = vec![format!("*a{}", level - 1); 9].join(", ");
        let _ = writeln!(text, "  a{level}: &a{level} [{aliases}]");
    }
    text
}

#[test]
fn a_bomb_is_refused_at_once() {
    let start = Instant::now();
    insta::assert_snapshot!(rendered(&errors("bomb.yaml", &bomb())), @r"
    error: the file has too much in it: at most 100000 values, aliases written out
     --> bomb.yaml:8:42
      |
    8 |   a5: &a5 [*a4, *a4, *a4, *a4, *a4, *a4, *a4, *a4, *a4]
      |                                          ^^^ the limit is passed here
    ");
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
}

#[test]
fn a_bomb_of_text_is_refused_at_once() {
    let long = "x".repeat(500_000);
    let text = format!("name: &long {long}\nvars:\n  a: [{}]\n", vec!["*long"; 20_000].join(", "));
    let start = Instant::now();
    let rendered = rendered(&errors("bomb.yaml", &text));
    assert!(
        rendered.starts_with("error: the file has too much in it: at most 4 MiB of text, aliases written out\n"),
        "{rendered}"
    );
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
}

#[test]
fn deep_nesting_is_refused() {
    for text in
        ["[".repeat(100_000), format!("a: {}", "{a: ".repeat(100_000)), "- ".repeat(100_000), nested_blocks(1000)]
    {
        let rendered = rendered(&errors("deep.yaml", &text));
        assert!(rendered.starts_with("error: the file is nested too deeply: at most 64 levels\n"), "{rendered}");
    }
}

fn nested_blocks(levels: usize) -> String {
    (0..levels).fold(String::new(), |mut out, level| {
        let _ = writeln!(out, "{}a:", " ".repeat(level));
        out
    })
}

#[test]
fn a_secret_in_the_file_is_not_shown() {
    let text = "name: x\nvars: { password: hunter22, oops }\nsecrets: [password]\nstepps: []\n";
    let rendered = rendered(&errors("x.yaml", text));
    assert!(!rendered.contains("hunter22") && rendered.contains("password: ********, oops"), "{rendered}");
}
