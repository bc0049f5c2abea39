//! What stylesheets and `style` attributes refer to (CSS Syntax 3; CSS Cascade 4 for `@import`; CSS Fonts 4 for `src`).
//!
//! Which rules apply isn't asked: an image of a rule that selects nothing is a reference all the same.

use cssparser::{ParseError, Parser, Token};
use url::Url;

use crate::{Found, Kind};

/// Formats of fonts that browsers of today load (CSS Fonts 4, section 4.3.1).
const FORMATS: [&str; 9] = [
    "woff2",
    "woff",
    "truetype",
    "opentype",
    "collection",
    "woff2-variations",
    "woff-variations",
    "truetype-variations",
    "opentype-variations",
];

/// What a stylesheet refers to. `base` is its own URL (for a `<style>` the document's base), and `line` the one that its
/// text begins on.
pub fn stylesheet(text: &str, base: &Url, line: usize) -> Found {
    let mut sheet = Sheet { base, line, found: Found::default(), imports: true };
    sheet.rules(&mut Parser::new(text));
    sheet.found
}

/// What the content of a `style` attribute refers to.
pub fn declarations(text: &str, base: &Url, line: usize) -> Found {
    let mut sheet = Sheet { base, line, found: Found::default(), imports: false };
    sheet.values(&mut Parser::new(text), false);
    sheet.found
}

struct Sheet<'a> {
    base: &'a Url,
    line: usize,
    found: Found,
    /// An `@import` still counts: before it stand others, `@charset` and `@layer` statements alone.
    imports: bool,
}

/// One source of a font.
struct Source {
    url: String,
    line: usize,
    is_usable: bool,
}

impl Sheet<'_> {
    fn rules(&mut self, parser: &mut Parser<'_>) {
        loop {
            let line = self.next_line(parser);
            match parser.next().cloned() {
                Err(_) => return,
                Ok(Token::AtKeyword(name)) => self.at_rule(&name, parser, line, true),
                Ok(Token::CDO | Token::CDC | Token::Semicolon) => {}
                Ok(token) => {
                    self.imports = false;
                    self.value(token, parser, line, false);
                }
            }
        }
    }

    /// Reads to the end of a block. How deep blocks may stand in blocks is bounded by the parser.
    fn values(&mut self, parser: &mut Parser<'_>, strings_are_images: bool) {
        loop {
            let line = self.next_line(parser);
            match parser.next().cloned() {
                Err(_) => return,
                Ok(Token::AtKeyword(name)) => self.at_rule(&name, parser, line, false),
                Ok(token) => self.value(token, parser, line, strings_are_images),
            }
        }
    }

    fn value(&mut self, token: Token<'_>, parser: &mut Parser<'_>, line: usize, strings_are_images: bool) {
        match token {
            Token::UnquotedUrl(url) => self.image(&url, line),
            Token::QuotedString(url) if strings_are_images => self.image(&url, line),
            Token::Function(name) if is_url(&name) => {
                if let Some(url) = nested(parser, string).flatten() {
                    self.image(&url, line);
                }
            }
            Token::Function(name) => {
                // In `image-set()` a string is an image; in `type()` within it, it isn't.
                let name = name.to_ascii_lowercase();
                let is_set = name == "image-set" || name == "-webkit-image-set";
                nested(parser, |inside| self.values(inside, is_set));
            }
            Token::CurlyBracketBlock | Token::ParenthesisBlock | Token::SquareBracketBlock => {
                nested(parser, |inside| self.values(inside, false));
            }
            _ => {}
        }
    }

    fn at_rule(&mut self, name: &str, parser: &mut Parser<'_>, line: usize, is_top: bool) {
        let name = name.to_ascii_lowercase();
        if name == "import"
            && is_top
            && self.imports
            && let Some(url) = import_url(parser)
        {
            self.found.add(&url, self.base, Kind::Style, "@import", line, |_| {});
        }
        let has_block = skip_prelude(parser);
        let is_statement = matches!(name.as_str(), "import" | "charset" | "layer") && !has_block;
        self.imports &= is_statement;
        if has_block {
            let is_font = name == "font-face";
            nested(parser, |inside| if is_font { self.font(inside) } else { self.values(inside, false) });
        }
    }

    /// The sources of an `@font-face`: browsers load the first of the last `src` whose format they know.
    fn font(&mut self, parser: &mut Parser<'_>) {
        let mut last = Vec::new();
        loop {
            let line = self.next_line(parser);
            match parser.next().cloned() {
                Err(_) => break,
                Ok(Token::Ident(name)) if name.eq_ignore_ascii_case("src") => {
                    if parser.try_parse(Parser::expect_colon).is_ok() {
                        let sources = self.sources(parser);
                        self.fonts(std::mem::replace(&mut last, sources), false);
                    }
                }
                Ok(Token::AtKeyword(name)) => self.at_rule(&name, parser, line, false),
                Ok(_) => {}
            }
        }
        self.fonts(last, true);
    }

    fn sources(&self, parser: &mut Parser<'_>) -> Vec<Source> {
        let mut sources: Vec<Source> = Vec::new();
        loop {
            let line = self.next_line(parser);
            let url = match parser.next().cloned() {
                Err(_) | Ok(Token::Semicolon) => return sources,
                Ok(Token::UnquotedUrl(url)) => Some(url.to_string()),
                Ok(Token::Function(name)) if is_url(&name) => nested(parser, string).flatten(),
                Ok(Token::Function(name)) if name.eq_ignore_ascii_case("format") => {
                    if let (Some(source), Some(format)) = (sources.last_mut(), nested(parser, string).flatten()) {
                        source.is_usable = FORMATS.contains(&format.to_ascii_lowercase().as_str());
                    }
                    None
                }
                Ok(_) => None,
            };
            if let Some(url) = url {
                let path = url.split(['?', '#']).next().unwrap_or_default().to_ascii_lowercase();
                let is_usable = !path.ends_with(".eot") && !path.ends_with(".svg");
                sources.push(Source { url, line, is_usable });
            }
        }
    }

    fn fonts(&mut self, sources: Vec<Source>, are_used: bool) {
        let loaded = sources.iter().position(|source| source.is_usable).filter(|_| are_used);
        for (index, source) in sources.into_iter().enumerate() {
            self.found.add(&source.url, self.base, Kind::Font, "@font-face src", source.line, |reference| {
                reference.essential = loaded == Some(index);
            });
        }
    }

    fn image(&mut self, url: &str, line: usize) {
        self.found.add(url, self.base, Kind::Image, "url()", line, |_| {});
    }

    /// The line of the token that comes next.
    fn next_line(&self, parser: &mut Parser<'_>) -> usize {
        parser.skip_whitespace();
        self.line + usize::try_from(parser.current_source_location().line).unwrap_or_default()
    }
}

/// `url("…")`, or `src("…")`, which is the same with variables allowed in it.
fn is_url(function: &str) -> bool {
    function.eq_ignore_ascii_case("url") || function.eq_ignore_ascii_case("src")
}

/// What `@import` names, by `url()` or a string.
fn import_url(parser: &mut Parser<'_>) -> Option<String> {
    match parser.next().ok()?.clone() {
        Token::QuotedString(url) | Token::UnquotedUrl(url) => Some(url.to_string()),
        Token::Function(name) if is_url(&name) => nested(parser, string).flatten(),
        _ => None,
    }
}

/// Goes to the end of an at-rule's prelude; whether a block follows, which is then the parser's next.
fn skip_prelude(parser: &mut Parser<'_>) -> bool {
    loop {
        match parser.next() {
            Err(_) | Ok(Token::Semicolon) => return false,
            Ok(Token::CurlyBracketBlock) => return true,
            Ok(_) => {}
        }
    }
}

/// The text that a function's arguments begin with.
fn string(parser: &mut Parser<'_>) -> Option<String> {
    parser.expect_ident_or_string().ok().map(ToString::to_string)
}

/// Reads within the block that the parser is at the beginning of; the parser is behind it afterwards.
fn nested<T>(parser: &mut Parser<'_>, read: impl FnOnce(&mut Parser<'_>) -> T) -> Option<T> {
    let mut result = None;
    // It complains of what `read` leaves over, and goes past it.
    let _ = parser.parse_nested_block(|inside| -> Result<(), ParseError<()>> {
        result = Some(read(inside));
        Ok(())
    });
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base() -> Url {
        Url::parse("http://edge.test/ci/assets/main.css").unwrap()
    }

    /// `kind by line URL`, with `?` before what is not essential.
    fn shown(found: &Found) -> Vec<String> {
        let line = |reference: &crate::Reference| {
            let mark = if reference.essential { "" } else { "?" };
            let crate::Target::Url(url) = &reference.target else { return format!("{mark}{:?}", reference.target) };
            format!("{mark}{} {} {} {}", reference.kind.noun(), reference.by, reference.line, url.path())
        };
        found.references.iter().map(line).collect()
    }

    fn sheet(text: &str) -> Vec<String> {
        shown(&stylesheet(text, &base(), 1))
    }

    #[test]
    fn urls_are_found_quoted_or_not_and_with_escapes() {
        assert_eq!(
            sheet("a{background:url(x.png)}\nb{background:URL( \"../y.png\" ),url('\\7a.png')}"),
            ["image url() 1 /ci/assets/x.png", "image url() 2 /ci/y.png", "image url() 2 /ci/assets/z.png"]
        );
        assert_eq!(sheet("a{content:\"url(x.png)\"} /* url(y.png) */ b{c:notaurl(z.png)}"), [""; 0]);
    }

    #[test]
    fn imports_count_where_no_rule_stands_before_them() {
        assert_eq!(
            sheet("@charset \"utf-8\";@import 'a.css' print;@layer x, y;\n@import url(b.css);a{}@import 'c.css';"),
            ["stylesheet @import 1 /ci/assets/a.css", "stylesheet @import 2 /ci/assets/b.css"]
        );
        assert_eq!(sheet("@layer x{} @import 'a.css';"), [""; 0]);
        assert_eq!(sheet("@media print{@import 'a.css';}"), [""; 0]);
        assert_eq!(sheet("@namespace url(http://www.w3.org/1999/xhtml);"), [""; 0]);
    }

    #[test]
    fn of_a_font_the_first_source_that_browsers_know_is_loaded() {
        assert_eq!(
            sheet(
                "@font-face{font-family:f;src:url(f.eot);\nsrc:url('f.eot?#iefix') format('embedded-opentype'),\
                 local(f),url(f.woff2) format(woff2),url(f.ttf) format(\"truetype\")}"
            ),
            [
                "?font @font-face src 1 /ci/assets/f.eot",
                "?font @font-face src 2 /ci/assets/f.eot",
                "font @font-face src 2 /ci/assets/f.woff2",
                "?font @font-face src 2 /ci/assets/f.ttf",
            ]
        );
        assert_eq!(sheet("@media print{@font-face{src:url(f.ttf)}}"), ["font @font-face src 1 /ci/assets/f.ttf"]);
    }

    #[test]
    fn strings_are_images_in_an_image_set_alone() {
        assert_eq!(
            sheet("a{background:image-set(\"a.avif\" type(\"image/avif\") 1x, url(a.png) 2x)}"),
            ["image url() 1 /ci/assets/a.avif", "image url() 1 /ci/assets/a.png"]
        );
    }

    #[test]
    fn what_needs_no_loading_is_counted_or_passed_over() {
        let found = stylesheet("a{b:url(data:image/png;base64,AA);c:url(#d);e:url()}", &base(), 1);
        assert_eq!((found.references.len(), found.inline), (0, 1));
    }

    #[test]
    fn declarations_of_an_attribute() {
        let found = declarations("color:red;background:url(/x.png)", &base(), 7);
        assert_eq!(shown(&found), ["image url() 7 /x.png"]);
    }

    #[test]
    fn broken_and_deep_sheets_end() {
        for text in ["a{b:url(x.png", "@import", "@import url(", "@font-face{src:", "a{\"\n", "}}}url(x.png)"] {
            let _ = sheet(text);
        }
        let deep = format!("{}url(x.png)", "a{".repeat(100_000));
        assert!(stylesheet(&deep, &base(), 1).references.len() <= 1);
    }
}
