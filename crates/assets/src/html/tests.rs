use html5ever::tokenizer::states::{RawKind, Rawtext, Rcdata, ScriptData};
use html5ever::tokenizer::{BufferQueue, StartTag, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts};
use proptest::prelude::*;
use std::cell::RefCell;

use super::*;
use crate::Target;

fn page(text: &str) -> Document {
    document(text, &Url::parse("http://edge.test/ci/page").unwrap())
}

/// Each reference as `line kind by URL`, with `?` before what is not essential.
fn found(text: &str) -> Vec<String> {
    let shown = |reference: &crate::Reference| {
        let mark = if reference.essential { "" } else { "?" };
        let target = match &reference.target {
            Target::Url(url) => url.as_str().trim_start_matches("http://edge.test").to_owned(),
            Target::Nowhere(reason) => reason.clone(),
        };
        format!("{} {mark}{} {} {target}", reference.line, reference.kind.noun(), reference.by)
    };
    page(text).found.references.iter().map(shown).collect()
}

#[test]
fn every_element_that_loads_something() {
    insta::assert_snapshot!(found(
        r##"<!doctype html>
<link rel="stylesheet" href="a.css"><link rel="alternate stylesheet" href="b.css"><link rel=stylesheet href=c.less type=text/less>
<link rel="SHORTCUT ICON" href="/favicon.ico"><link rel="alternate icon" href="/x.png"><link rel=apple-touch-icon href=t.png>
<link rel="manifest" href="m.json"><link rel="modulepreload" crossorigin href="/ci/m.js"><link rel=prefetch href=p.html>
<link rel=preload as=font href=f.woff2 crossorigin><link rel=preload as=script href=s.js><link rel=preload href=no.js>
<link rel=preload as=image href=i.png imagesrcset="i2.png 2x, i3.png 3x"><link rel="canonical" href="/c"><link rel=stylesheet disabled href=d.css>
<script src="classic.js"></script><script type=module src="module.js"></script><script nomodule src=old.js></script>
<script type="text/template" src="t.js"></script><script type="application/javascript" src="typed.js"></script>
<img src="i.png" srcset="i1.png 1x,
 i2.png 2x"><picture><source srcset="p.avif"><img src=p.png></picture>
<video src=v.mp4 poster=v.jpg><source src=w.webm><track src=t.vtt></video><audio src=a.ogg></audio>
<iframe src=frame.html></iframe><iframe src="about:blank"></iframe><embed src=e.pdf><object data=o.svg></object>
<input type=image src=b.png><input src=no.png><body background=bg.png>
<svg><image href="v.png"/><use xlink:href="sprite.svg#x"/><use href="#y"/><script href="no.js"/></svg>
<p style="background: url(st.png)"><style>
@import "in.css"; a { b: url(in.png) }</style>
<script type=module>
import "./inline.js"</script><script>import("./dynamic.js"); x = "import 'no'"</script>
"##
    )
    .join("\n"));
}

#[test]
fn what_loads_nothing() {
    for text in [
        "<!-- <script src=a.js></script> -->",
        "<noscript><img src=a.png></noscript>",
        "<template><img src=a.png><template></template><img src=b.png></template>",
        "<textarea><img src=a.png></textarea><title><img src=a.png></title>",
        "<script>'<img src=a.png>'</script><style>a{content:'<img src=a.png>'}</style>",
        "<script><!-- <script src=a.js></script> <img src=b.png> --></script>",
        "<img src><img src=''><img src=' '><script src=''></script><a href=x></a><img data-src=x>",
        "<img src=a.png",
        "<plaintext><img src=a.png>",
    ] {
        assert_eq!(found(text), [""; 0], "{text}");
    }
    assert_eq!(found("<template shadowrootmode=open><img src=a.png></template>").len(), 1);
    assert_eq!(page("<img src=data:image/png;base64,AA><img src=blob:x>").found.inline, 2);
}

#[test]
fn the_first_base_counts_for_all_behind_it() {
    let text = "<base target=_top><base href='/sub/'><base href='/no/'><img src=a.png><style>a{b:url(b.png)}</style>";
    assert_eq!(found(text), ["1 image <img src> /sub/a.png", "1 image url() /sub/b.png"]);
    assert_eq!(found("<base href='http://['><img src=a.png>"), ["1 image <img src> /ci/a.png"]);
    assert_eq!(
        found("<base href='http://woodpecker:8000/'><img src=a.png>"),
        ["1 image <img src> http://woodpecker:8000/a.png"]
    );
}

#[test]
fn import_maps_say_where_specifiers_lead() {
    let text = r#"<script>import("vue")</script><script type=importmap>{"imports": {"vue": "./lib/vue.js"}}</script>
<script type=module>import "vue"; import "react"</script>"#;
    assert_eq!(
        found(text),
        [
            "1 module import() /ci/lib/vue.js",
            "2 module import /ci/lib/vue.js",
            "2 module import a bare specifier, and no import map says where it leads"
        ]
    );
}

#[test]
fn addresses_that_lead_nowhere_are_kept() {
    assert_eq!(
        found("<script src='file:///x.js'></script><img src='http://['>"),
        [
            "1 script <script src> no page of the web can load from a file: address",
            "1 image <img src> it is no URL: invalid IPv6 address"
        ]
    );
}

#[test]
fn thousands_of_references_and_of_attributes() {
    let many = "<img src=a.png>".repeat(crate::LIMIT + 7);
    let document = page(&many);
    assert_eq!((document.found.references.len(), document.found.left_out), (crate::LIMIT, 7));
    // Each of these takes a careless reader the square of its length.
    let attributes: String = (0..300_000).map(|number| format!(" a{number}")).collect();
    assert_eq!(found(&format!("<img{attributes} src=a.png>")).len(), 1);
    for unit in ["<!--", "<", "</", "<a b='", "<script", "<!-", "&", "<svg>", "<template>", "<style><", "<![CDATA["] {
        let _ = page(&unit.repeat(200_000));
    }
}

/// What html5ever makes of a text: start tags with their attributes, as far as they are asked for, and end tags.
struct Sink(RefCell<(Vec<String>, usize)>);

impl TokenSink for Sink {
    type Handle = ();

    fn process_token(&self, token: Token, _: u64) -> TokenSinkResult<()> {
        let Token::TagToken(tag) = token else { return TokenSinkResult::Continue };
        let (shown, foreign) = &mut *self.0.borrow_mut();
        let is_foreign = matches!(&*tag.name, "svg" | "math");
        if tag.kind != StartTag {
            *foreign -= usize::from(is_foreign && *foreign > 0);
            shown.push(format!("/{}", tag.name));
            return TokenSinkResult::Continue;
        }
        *foreign += usize::from(is_foreign && !tag.self_closing);
        let attributes: Vec<String> = tag
            .attrs
            .iter()
            .filter(|attribute| NAMES.contains(&&*attribute.name.local))
            .map(|attribute| format!("{}={:?}", attribute.name.local, attribute.value.to_string()))
            .collect();
        shown.push(format!("{} {} {}", tag.name, attributes.join(" "), tag.self_closing));
        if *foreign > 0 && tag.self_closing {
            return TokenSinkResult::Continue;
        }
        let raw: RawKind = match &*tag.name {
            "script" => ScriptData,
            "style" | "xmp" | "iframe" | "noembed" | "noframes" | "noscript" => Rawtext,
            "textarea" | "title" => Rcdata,
            "plaintext" => return TokenSinkResult::Plaintext,
            _ => return TokenSinkResult::Continue,
        };
        TokenSinkResult::RawData(raw)
    }

    fn adjusted_current_node_present_but_not_in_html_namespace(&self) -> bool {
        self.0.borrow().1 > 0
    }
}

fn by_html5ever(text: &str) -> Vec<String> {
    let tokenizer = Tokenizer::new(Sink(RefCell::default()), TokenizerOpts::default());
    let queue = BufferQueue::default();
    queue.push_back(text.into());
    let _ = tokenizer.feed(&queue);
    tokenizer.end();
    tokenizer.sink.0.into_inner().0
}

fn by_us(text: &str) -> Vec<String> {
    let shown = |item| match item {
        Item::Raw { .. } => None,
        Item::End(name) => Some(format!("/{name}")),
        Item::Start(tag) => {
            let attributes: Vec<String> =
                tag.attributes.iter().map(|attribute| format!("{}={:?}", attribute.name, attribute.value)).collect();
            Some(format!("{} {} {}", tag.name, attributes.join(" "), tag.is_self_closing))
        }
    };
    Tags::new(text, NAMES).filter_map(shown).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn tags_are_those_of_html5ever(
        parts in proptest::collection::vec(
            prop_oneof![
                Just("<"), Just(">"), Just("/"), Just("</"), Just("="), Just("\""), Just("'"), Just(" "), Just("\r\n"),
                Just("!"), Just("--"), Just("-"), Just("<!--"), Just("-->"), Just("--!>"), Just("?"), Just("&"), Just(";"),
                Just("&amp;"), Just("&#x41;"), Just("&lt"), Just("&quot"), Just("src"), Just("HREF"), Just("style"),
                Just("script"), Just("<script"), Just("</script>"), Just("<style>"), Just("</style"), Just("img"), Just("x"),
                Just("<svg>"), Just("</svg>"), Just("<title>"), Just("textarea"), Just("<plaintext>"), Just("<![CDATA["),
                Just("]]>"), Just("é"), Just("\0"), Just("\u{c}"), Just("<img src='a' src=b>"), Just("<a"), Just("noscript"),
            ],
            0..40,
        )
    ) {
        let text = parts.concat();
        prop_assert_eq!(by_us(&text), by_html5ever(&text), "{:?}", text);
    }

    #[test]
    fn any_text_is_a_page(text in "\\PC*") {
        let _ = page(&text);
    }

    #[test]
    fn every_reference_has_its_line(lines in proptest::collection::vec(prop_oneof![
        Just("<img\nsrc=X>"), Just("<p>text"), Just("<!-- a\nb -->"), Just("<script src=X></script>"), Just("<style>a{b:url(X)}</style>"),
        Just("<script type=module>\nimport './X'</script>"), Just("<p\nstyle='a:b;\nc:url(X)'>"), Just("<link rel=icon\n\nhref='X'>"),
    ], 0..20)) {
        let text = lines.join("\n");
        let lines: Vec<&str> = text.split('\n').collect();
        let document = page(&text);
        let references = &document.found.references;
        prop_assert_eq!(references.len(), text.matches('X').count());
        for reference in references {
            prop_assert!(lines[reference.line - 1].contains('X'), "{:?} in {}", reference, text);
        }
    }
}
