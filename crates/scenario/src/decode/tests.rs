//! A file of another kind, by a table of its own.

use super::{Decoder, Fields, Key, Shape, Table};
use crate::diagnostic::Diagnostic;
use crate::span::Source;
use crate::yaml;

static SERVICE: Table = Table {
    name: "service",
    noun: "a service",
    doc: "A container.",
    keys: &[
        Key::new("image", Shape::Text, "The image."),
        Key::new("build", Shape::Text, "Where to build it."),
        Key::new("ports", Shape::List(&Shape::Text), "Published ports."),
        Key::new("protocol", Shape::Word(&["tcp", "udp"]), "Of the ports.").beside(&["ports"]),
        Key::new("scale", Shape::Integer(1, 9), "How many."),
        Key::new("read_only", Shape::Bool, "Whether its files can't be changed."),
    ],
    exactly_one: &["image", "build"],
    at_most_one: &[],
};

fn decode(text: &str) -> Result<String, Vec<Diagnostic>> {
    let source = Source::new("compose.yml", text);
    let node = yaml::parse(&source)?;
    let decoder = Decoder::new(&source);
    let decoded = decoder.fields(&node, &SERVICE, node.span).map(|fields| service(&decoder, &fields));
    decoder.finish(decoded)
}

fn service(decoder: &Decoder, fields: &Fields<'_>) -> String {
    let image = fields.get("image").and_then(|node| decoder.text(node, "`image`"));
    let ports = fields.get("ports").and_then(|node| decoder.list(node, "`ports`")).unwrap_or_default();
    let ports: Vec<String> = ports.iter().filter_map(|port| decoder.scalar(port, "a port")).collect();
    let protocol = fields.get("protocol").and_then(|node| decoder.word(node, "protocol", &[("tcp", 6), ("udp", 17)]));
    let scale = fields.get("scale").and_then(|node| decoder.integer(node, "`scale`", 1, 9));
    let read_only = fields.get("read_only").and_then(|node| decoder.boolean(node, "`read_only`"));
    format!("{image:?} {ports:?} {:?} {scale:?} {read_only:?}", protocol.map(|protocol| protocol.value))
}

#[test]
fn a_good_file() {
    let text = "image: caddy:2\nports: [80, '443']\nprotocol: udp\nscale: 3\nread_only: true\n";
    assert_eq!(decode(text).unwrap(), r#"Some("caddy:2") ["80", "443"] Some(17) Some(3) Some(true)"#);
}

#[test]
fn all_errors_at_once() {
    let text = "image: [a]\nbuild: .\nportz: []\nprotocol: upd\nscale: 10\nread_only: yes\n";
    let rendered: Vec<String> = decode(text).unwrap_err().iter().map(|diagnostic| diagnostic.render(false)).collect();
    insta::assert_snapshot!(rendered.join("\n"), @r##"
    error: wrong value for `image`
     --> compose.yml:1:8
      |
    1 | image: [a]
      |        ^^^
      = expected: text
      = found:    a list

    error: `image` and `build` exclude each other
     --> compose.yml:2:1
      |
    2 | build: .
      | ^^^^^ the second
     ::: compose.yml:1:1
      |
    1 | image: [a]
      | ----- the first
      = help: keep one of the two

    error: unknown key `portz`
     --> compose.yml:3:1
      |
    3 | portz: []
      | ^^^^^ not a key of a service
      = help: did you mean `ports`?

    error: unknown protocol `upd`
     --> compose.yml:4:11
      |
    4 | protocol: upd
      |           ^^^
      = help: did you mean `udp`?

    error: wrong value for `scale`
     --> compose.yml:5:8
      |
    5 | scale: 10
      |        ^^
      = expected: a whole number from 1 to 9
      = found:    the number `10`

    error: wrong value for `read_only`
     --> compose.yml:6:12
      |
    6 | read_only: yes
      |            ^^^
      = expected: `true` or `false`
      = found:    the text `yes`
    "##);
}

#[test]
fn an_error_is_reported_once() {
    let source = Source::new("compose.yml", "a: 1\n");
    let decoder = Decoder::new(&source);
    for _ in 0..3 {
        decoder.report(decoder.at(source.span(0..1), "wrong"));
    }
    decoder.report(decoder.at(source.span(3..4), "wrong"));
    assert_eq!(decoder.finish(Some(())).unwrap_err().len(), 2);
}
