//! What each element refers to.

use url::Url;

use super::srcset::candidates;
use super::{Element, ScriptType, script_type};
use crate::{Found, Kind};

/// Adds what an element refers to by its attributes, `style` excepted. `in_media`: a `source` here is one of sound or
/// video.
pub(super) fn references(element: &Element<'_>, in_media: bool, base: &Url, found: &mut Found) {
    let tag = element.tag;
    let mut add = |attribute: &str, kind: Kind, by: &'static str| {
        if let Some((value, line)) = element.get(attribute) {
            found.add(value, base, kind, by, line, |reference| {
                reference.cors |= tag.get("crossorigin").is_some();
            });
        }
    };
    match tag.name.as_str() {
        "script" => match script_type(tag) {
            // What browsers that know modules pass over.
            ScriptType::Classic if tag.get("nomodule").is_some() => {}
            ScriptType::Classic => add("src", Kind::Script, "<script src>"),
            ScriptType::Module => add("src", Kind::Module, "<script type=module src>"),
            ScriptType::ImportMap | ScriptType::Data => {}
        },
        "img" => {
            add("src", Kind::Image, "<img src>");
            set(element, "srcset", "<img srcset>", base, found);
        }
        "source" if in_media => add("src", Kind::Media, "<source src>"),
        "source" => set(element, "srcset", "<source srcset>", base, found),
        "audio" => add("src", Kind::Media, "<audio src>"),
        "video" => {
            add("src", Kind::Media, "<video src>");
            add("poster", Kind::Image, "<video poster>");
        }
        "track" => add("src", Kind::Track, "<track src>"),
        "iframe" => add("src", Kind::Frame, "<iframe src>"),
        "frame" => add("src", Kind::Frame, "<frame src>"),
        "embed" => add("src", Kind::Frame, "<embed src>"),
        "object" => add("data", Kind::Frame, "<object data>"),
        "input" if tag.get("type").is_some_and(|kind| kind.eq_ignore_ascii_case("image")) => {
            add("src", Kind::Image, "<input type=image src>");
        }
        "image" | "feimage" => {
            let attribute = if tag.get("href").is_some() { "href" } else { "xlink:href" };
            add(attribute, Kind::Image, "<image href>");
        }
        "use" => {
            let attribute = if tag.get("href").is_some() { "href" } else { "xlink:href" };
            add(attribute, Kind::Image, "<use href>");
        }
        "body" | "table" | "td" | "th" => add("background", Kind::Image, "background"),
        "link" => link(element, base, found),
        _ => {}
    }
}

fn set(element: &Element<'_>, attribute: &str, by: &'static str, base: &Url, found: &mut Found) {
    if let Some((value, line)) = element.get(attribute) {
        for candidate in candidates(value) {
            found.add(candidate, base, Kind::Image, by, line, |_| {});
        }
    }
}

/// A `link`, which may be of several types at once (HTML standard, "Link types").
fn link(element: &Element<'_>, base: &Url, found: &mut Found) {
    let tag = element.tag;
    let relations = tag.get("rel").unwrap_or_default().to_ascii_lowercase();
    let is = |relation: &str| relations.split_ascii_whitespace().any(|other| other == relation);
    let crossorigin = tag.get("crossorigin").map(str::to_ascii_lowercase);
    let mut add = |kind: Kind, is_essential: bool, by: &'static str| {
        if let Some((href, line)) = element.get("href") {
            found.add(href, base, kind, by, line, |reference| {
                reference.essential = is_essential;
                reference.cors |= crossorigin.is_some();
                reference.credentials |= crossorigin.as_deref() == Some("use-credentials");
            });
        }
    };
    let is_css = tag.get("type").is_none_or(|kind| kind.is_empty() || kind.eq_ignore_ascii_case("text/css"));
    if is("stylesheet") && is_css && tag.get("disabled").is_none() {
        add(Kind::Style, !is("alternate"), "<link rel=stylesheet>");
    }
    if ["icon", "apple-touch-icon", "apple-touch-icon-precomposed", "mask-icon", "fluid-icon"].into_iter().any(is) {
        add(Kind::Icon, false, "<link rel=icon>");
    }
    if is("manifest") {
        add(Kind::Manifest, false, "<link rel=manifest>");
    }
    let purpose = tag.get("as").unwrap_or_default().to_ascii_lowercase();
    if is("modulepreload") {
        let kind = match purpose.as_str() {
            "json" => Kind::JsonModule,
            "style" => Kind::Style,
            _ => Kind::Module,
        };
        add(kind, true, "<link rel=modulepreload>");
    }
    if is("prefetch") {
        add(Kind::Data, false, "<link rel=prefetch>");
    }
    if is("preload") {
        // Without a known purpose nothing is loaded.
        let preload = match purpose.as_str() {
            "script" => Some((Kind::Script, true)),
            "style" => Some((Kind::Style, true)),
            "font" => Some((Kind::Font, true)),
            "image" => Some((Kind::Image, true)),
            "track" => Some((Kind::Track, false)),
            // What a page preloads so its scripts are about to ask for, and show.
            "fetch" | "json" => Some((Kind::Data, true)),
            _ => None,
        };
        if let Some((kind, is_essential)) = preload {
            add(kind, is_essential, "<link rel=preload>");
        }
    }
    if is("preload") && purpose == "image" {
        set(element, "imagesrcset", "<link rel=preload imagesrcset>", base, found);
    }
}
