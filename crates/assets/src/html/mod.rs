//! What a page refers to.
//!
//! Read as a browser with scripts reads it: `<noscript>` and `<template>` load nothing, `nomodule` scripts neither.

mod elements;
mod entities;
mod srcset;
mod tags;
#[cfg(test)]
mod tests;

use url::Url;

use crate::javascript::{self, ImportMap};
use crate::reference::Lines;
use crate::{Found, css};
use tags::{Item, Tag, Tags};

/// Attributes that say what is loaded, or whether.
const NAMES: &[&str] = &[
    "as",
    "background",
    "crossorigin",
    "data",
    "disabled",
    "href",
    "imagesrcset",
    "media",
    "nomodule",
    "poster",
    "rel",
    "shadowrootmode",
    "src",
    "srcset",
    "style",
    "type",
    "xlink:href",
];

/// What a page consists of, as far as it matters to what it loads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// What relative addresses are relative to: the page's own URL, or what its `<base href>` says.
    pub base: Url,
    /// Where specifiers lead, for inline modules and those that the page loads.
    pub import_map: ImportMap,
    /// What it refers to.
    pub found: Found,
}

/// Reads a page; `url` is its own. Any text is a page.
pub fn document(text: &str, url: &Url) -> Document {
    let mut reader = Reader {
        document: Document { base: url.clone(), import_map: ImportMap::default(), found: Found::default() },
        url,
        has_base: false,
        templates: Vec::new(),
        media: false,
        within: None,
        modules: Vec::new(),
    };
    let mut lines = Lines::new(text, 1);
    for item in Tags::new(text, NAMES) {
        reader.item(item, &mut lines);
    }
    let Reader { mut document, modules, .. } = reader;
    // All at the end: an import map may stand behind a classic script that imports.
    for (text, line, is_module) in modules {
        let mut found = javascript::references(text, &document.base, &document.import_map, line);
        if !is_module {
            found.references.retain(|reference| reference.by == javascript::DYNAMIC);
        }
        document.found.extend(found);
    }
    document
}

/// What the text of an element is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Within {
    Style,
    Classic,
    Module,
    ImportMap,
}

struct Reader<'a> {
    document: Document,
    url: &'a Url,
    has_base: bool,
    /// The open `template` elements; `true` for those whose content is shown (declarative shadow roots).
    templates: Vec<bool>,
    /// The last of `audio`, `video` and `picture` that was opened was one of the first two.
    media: bool,
    within: Option<Within>,
    /// Inline scripts, where each begins, and whether it is a module.
    modules: Vec<(&'a str, usize, bool)>,
}

impl<'a> Reader<'a> {
    fn item(&mut self, item: Item<'a>, lines: &mut Lines<'_>) {
        match item {
            Item::Start(tag) => {
                let places: Vec<usize> = tag.attributes.iter().map(|attribute| lines.of(attribute.start)).collect();
                if tag.name == "template" {
                    self.templates.push(tag.get("shadowrootmode").is_some());
                } else if self.templates.iter().all(|is_shown| *is_shown) {
                    self.start(&Element { tag: &tag, places: &places });
                }
            }
            Item::End(name) if name == "template" => {
                self.templates.pop();
            }
            Item::End(_) => {}
            Item::Raw { text, start } => {
                let line = lines.of(start);
                self.text(text, line);
            }
        }
    }

    fn start(&mut self, element: &Element<'_>) {
        let tag = element.tag;
        match tag.name.as_str() {
            "base" if !self.has_base => {
                // HTML standard, "set the frozen base URL": one that can't be is passed over.
                let href = tag.get("href").map(|href| href.trim_matches(|c: char| c.is_ascii_whitespace()));
                self.has_base = href.is_some();
                let base = href.and_then(|href| self.url.join(href).ok());
                self.document.base = base
                    .filter(|base| !matches!(base.scheme(), "data" | "javascript"))
                    .unwrap_or_else(|| self.url.clone());
            }
            "audio" | "video" => self.media = true,
            "picture" => self.media = false,
            "style" => self.within = Some(Within::Style),
            "script" if tag.get("src").is_none() => self.within = script_text(tag),
            _ => {}
        }
        elements::references(element, self.media, &self.document.base, &mut self.document.found);
        if let Some((style, line)) = element.get("style") {
            self.document.found.extend(css::declarations(style, &self.document.base, line));
        }
    }

    fn text(&mut self, text: &'a str, line: usize) {
        match self.within.take() {
            Some(Within::Style) => self.document.found.extend(css::stylesheet(text, &self.document.base, line)),
            Some(Within::ImportMap) => self.document.import_map.merge(ImportMap::read(text, &self.document.base)),
            Some(Within::Classic) => self.modules.push((text, line, false)),
            Some(Within::Module) => self.modules.push((text, line, true)),
            None => {}
        }
    }
}

/// What an inline script is; `None` for data.
fn script_text(tag: &Tag<'_>) -> Option<Within> {
    match script_type(tag) {
        ScriptType::Classic if tag.get("nomodule").is_none() => Some(Within::Classic),
        ScriptType::Module => Some(Within::Module),
        ScriptType::ImportMap => Some(Within::ImportMap),
        ScriptType::Classic | ScriptType::Data => None,
    }
}

/// What a `script` element's `type` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ScriptType {
    Classic,
    Module,
    ImportMap,
    Data,
}

fn script_type(tag: &Tag<'_>) -> ScriptType {
    let kind = tag.get("type").unwrap_or_default().trim().to_ascii_lowercase();
    match kind.as_str() {
        "" => ScriptType::Classic,
        "module" => ScriptType::Module,
        "importmap" => ScriptType::ImportMap,
        kind if crate::sniff::is_javascript(kind) => ScriptType::Classic,
        _ => ScriptType::Data,
    }
}

/// A start tag with the line of each attribute.
struct Element<'a> {
    tag: &'a Tag<'a>,
    places: &'a [usize],
}

impl Element<'_> {
    /// An attribute's value and line.
    fn get(&self, name: &str) -> Option<(&str, usize)> {
        let index = self.tag.attributes.iter().position(|attribute| attribute.name == name)?;
        Some((&*self.tag.attributes.get(index)?.value, self.places.get(index).copied().unwrap_or(1)))
    }
}
