use proptest::prelude::*;

use super::*;

/// Each import as `line specifier`, dynamic ones in parentheses, with its kind where that isn't a module.
fn found(text: &str) -> Vec<String> {
    let (imports, unread) = imports(text, 1);
    let mut shown: Vec<String> = imports
        .iter()
        .map(|import| {
            let specifier =
                if import.is_dynamic { format!("({})", import.specifier) } else { import.specifier.clone() };
            let kind = if import.kind == Kind::Module { "" } else { import.kind.noun() };
            format!("{} {specifier} {kind}", import.line).trim_end().to_owned()
        })
        .collect();
    shown.extend(unread.map(|unread| format!("{}: {}", unread.line, unread.reason)));
    shown
}

#[test]
fn every_form_of_import_and_export() {
    let text = r#"import "./a.js";
import b from './b.js'
import * as c from "./c.js"; import {d, e as f} from "./d.js";import g,{h}from"./e.js";import i,*as j from"./f.js";
import { "a name" as k, from, default as l } from "./g.js";
import from from "./h.js";
export * from "./i.js"; export * as m from "./j.js"; export {n, o as default} from "./k.js";
const p = await import("./l.js"), q = import(`./m.js`);
import json from "./n.json" with { type: "json" }; import css from "./o.css" assert { "type": 'css' };
import("./p.json", { with: { type: "json" } }); import("./q.js", options); import("./r.js",)
"#;
    assert_eq!(
        found(text),
        [
            "1 ./a.js",
            "2 ./b.js",
            "3 ./c.js",
            "3 ./d.js",
            "3 ./e.js",
            "3 ./f.js",
            "4 ./g.js",
            "5 ./h.js",
            "6 ./i.js",
            "6 ./j.js",
            "6 ./k.js",
            "7 (./l.js)",
            "7 (./m.js)",
            "8 ./n.json JSON module",
            "8 ./o.css stylesheet",
            "9 (./p.json) JSON module",
            "9 (./q.js) file",
            "9 (./r.js)"
        ]
    );
}

#[test]
fn what_only_looks_like_an_import() {
    for text in [
        "// import 'x'\n/* import 'x' */ const a = \"import 'x'\", b = `import 'x'`, c = /import 'x'/;",
        "import.meta.url; a.import('x'); a?.import('x'); this.#import('x'); ({import: 1}); import(name); import('a' + b)",
        "export default 'x'; export const from = 'x'; export {a}; 'x'; export {b}\nconst c = 'x'",
        "import(`./${name}.js`); export function from() { return 'x' } export class A { static from = 'x' }",
        "if (a) { b = 'import \"x\"' } x = y / 2; z = 'import \"x\"' / 3",
        "export {a}\nfrom('x')",
    ] {
        assert_eq!(found(text), [""; 0], "{text}");
    }
}

#[test]
fn what_a_slash_begins() {
    for before in [
        "a = b / c; d = e / f;",
        "a = /[/'\"]/.test(b) / 2;",
        "if (a) /'/.test(b);",
        "for await (const a of b) /'/g;",
        "f(a) / 2; /'/.test(a);",
        "function f() {} /'/.test(a);",
        "a = {} / 2; b = {c: 1} / 3;",
        "a[1] / 2; a++ / 2; (a) / 2; `${a}` / 2; 1 / 2; 1e-5 / 2; .5 / 2; 0xe / 2",
        "return_ / 2; a.return / 2; of / 2; let_ / 2; async / 2;",
        "() => { return /'/ }; typeof /'/; a = b ? /'/ : /\"/;",
        "x = { get a() { return 1 / 2 }, b: /'/, 'c': {d: 1} / 2 };",
        "class A { static { a / 2 } b = /'/; #c = 1; d() { this.#c / 2 } }",
        "label: { a } /'/.test(b);",
        "`a ${b / c + `${d / `'`}`} \\` ${'}'} \" '`;",
        "a?.5:1 / 2; b?.c / 2",
        "x = a\n/b/c",
        "é = ü / 2; \u{a0}\u{2028}",
        "<!-- a\n",
        "#!/usr/bin/env node '\n",
    ] {
        let text = format!("{before}\nimport './end.js'");
        let last = text.matches('\n').count() + 1;
        // A hashbang stands on the first line alone.
        assert_eq!(found(&text), [format!("{last} ./end.js")], "{before}");
    }
}

#[test]
fn where_the_text_makes_no_sense_the_reading_ends() {
    assert_eq!(found("import 'a';\n(]"), ["1 a", "2: its brackets don't match"]);
    assert_eq!(found("a = 'b\nc'"), ["1: a string doesn't end"]);
    assert_eq!(found("{"), ["1: it ends within brackets"]);
    assert_eq!(found("a\n`b ${c} "), ["2: a template doesn't end"]);
    assert_eq!(found("/*"), ["1: a comment doesn't end"]);
    assert_eq!(found("x = /["), ["1: a regular expression doesn't end"]);
    assert_eq!(found("<!doctype html><p>It's"), ["1: a string doesn't end"]);
}

#[test]
fn specifiers_are_unescaped_and_resolved() {
    let base = Url::parse("http://h/ci/assets/index.js").unwrap();
    let text = r#"import './a\x2ejs'; import "\u002fb.js"; import '\u{2f}c\/d.js'; import 'vue'; import('vue');
        import "node:fs"; import("node:fs"); import "data:text/javascript,1"; import "https://cdn.test/x.js#y""#;
    let references = references(text, &base, &ImportMap::default(), 1);
    let shown: Vec<String> = references
        .references
        .iter()
        .map(|reference| match &reference.target {
            Target::Url(url) => format!("{} {}", reference.essential, url),
            Target::Nowhere(reason) => format!("{} {reason}", reference.essential),
        })
        .collect();
    assert_eq!(
        shown,
        [
            "true http://h/ci/assets/a.js",
            "true http://h/b.js",
            "true http://h/c/d.js",
            "true a bare specifier, and no import map says where it leads",
            "false a bare specifier, and no import map says where it leads",
            "true no page of the web can import from a node: address",
            "false no page of the web can import from a node: address",
            "true https://cdn.test/x.js",
        ]
    );
    assert_eq!(references.inline, 1);
}

#[test]
fn what_may_be_misread_is_not_essential() {
    let base = Url::parse("http://h/x.js").unwrap();
    let references = references("import './a.js'; (", &base, &ImportMap::default(), 1);
    assert!(!references.references[0].essential);
}

#[test]
fn the_time_grows_with_the_text() {
    // Each of these made a careless reader go over the rest of the text again and again.
    for unit in ["/[", "`${", "import(", "import{", "/*/", "x=/a\\", "export*", "'\\'", "import\"a\"with{", "\\"] {
        let text = unit.repeat(200_000);
        let _ = imports(&text, 1);
    }
}

proptest! {
    #[test]
    fn any_text_is_read_to_an_end(text in "\\PC*") {
        let _ = imports(&text, 1);
    }

    #[test]
    fn any_tokens_are_read_to_an_end(
        parts in proptest::collection::vec(
            prop_oneof![
                Just("import"), Just("export"), Just("from"), Just("with"), Just("("), Just(")"), Just("{"), Just("}"),
                Just("["), Just("]"), Just("'a'"), Just("`"), Just("${"), Just("/"), Just("\\"), Just("*"), Just(","),
                Just("."), Just("é"), Just("\n"), Just("'"), Just(" "), Just("if"), Just("type:"), Just("=>"), Just("//"),
            ],
            0..60,
        )
    ) {
        let text = parts.concat();
        let (imports, _) = imports(&text, 1);
        prop_assert!(imports.iter().all(|import| import.line <= text.matches('\n').count() + 1));
    }

    /// Code of known make: whatever stands before it, an import at the end is found.
    #[test]
    fn an_import_is_found_behind_any_statements(
        statements in proptest::collection::vec(
            prop_oneof![
                Just("a = b / c;"), Just("a = /'[/]\"/g.test(b);"), Just("if (a) /`/.test(b);"), Just("f(x => ({y: 1}));"),
                Just("class A extends B { c() { return /}/ } }"), Just("`a${{b: `c`}.b}'`;"), Just("({a: {b: 1} / 2});"),
                Just("switch (a) { case /'/: b; default: {} }"), Just("do { a / b } while (c)\n"), Just("a?.b?.[c]?.(d);"),
                Just("const {a = '{', b: [c]} = d;"), Just("for (;;) { break }"), Just("let f = async () => {};"),
                Just("export const z = 1 / 2;"), Just("export {a as b};"), Just("label: for (const a in b) continue label;"),
                Just("x = function () { return { a } };"), Just("while (a) /\\//.exec(b);"), Just("// it's\n"), Just("/* ` */"),
            ],
            0..20,
        )
    ) {
        let text = format!("{}\nimport './end.js'", statements.concat());
        let (imports, unread) = imports(&text, 1);
        prop_assert_eq!(unread, None, "{}", text);
        prop_assert_eq!(imports.len(), 1);
        prop_assert_eq!(&imports[0].specifier, "./end.js");
    }
}
