//! The list of images as people read it.

use std::fmt::Write as _;

use super::list::Row;
use super::resolve::{Choice, Origin, Present};

/// The rows as a table: for each service the image that a run will use, then all that could be used and whether it
/// is there.
pub fn table(rows: &[Row]) -> String {
    let mut out = String::new();
    let width = rows.iter().map(|row| row.service.as_str().len()).max().unwrap_or_default();
    for row in rows {
        let (uses, why) = match &row.used {
            Some((choice, _)) => (choice.image.as_str(), origin(choice)),
            None => ("nothing", "no image is there"),
        };
        // Writing to a string can't fail.
        let _ = writeln!(out, "{:width$}  uses {uses} ({why})", row.service.as_str());
        let others = [
            ("official", row.official.as_ref(), &row.official_present),
            ("recipe", Some(&row.recipe), &row.recipe_present),
        ];
        for (kind, image, present) in others {
            let Some(image) = image else { continue };
            let _ = writeln!(out, "{:width$}    {kind:8}  {image}  {}", "", state(present.as_ref()));
        }
        let _ = writeln!(out, "{:width$}    {:8}  --image {}=NAME, or {}=NAME", "", "other", row.service, row.variable);
    }
    if rows.iter().any(|row| row.used.is_none()) {
        out.push_str(
            "`edge-smoke images build` builds what can't be pulled; `run --stack containers` pulls what can.\n",
        );
    }
    out
}

fn origin(choice: &Choice) -> &'static str {
    match (choice.origin, choice.is_double) {
        (Origin::Override, false) => "named by you",
        (Origin::Override, true) => "named by you: a double, not the real program",
        (Origin::Official, _) => "official",
        (Origin::Recipe, false) => "built by our recipe",
        (Origin::Recipe, true) => "built by our recipe: a double, not the real program",
    }
}

fn state(present: Option<&Present>) -> String {
    let Some(present) = present else { return "not there".to_owned() };
    let id: String = present.id.trim_start_matches("sha256:").chars().take(12).collect();
    format!("{id}, {} MB", present.size / 1_000_000)
}

#[cfg(test)]
mod tests {
    use scenario::model::Service;

    use super::*;
    use crate::images::CATALOG;

    #[test]
    fn a_table_says_what_is_used_and_what_is_missing() {
        let present = Present { id: "sha256:0123456789abcdef".to_owned(), size: 288_000_000, is_double: false };
        let rows: Vec<Row> = CATALOG
            .iter()
            .filter(|entry| ![Service::Staging, Service::CiAgent, Service::Model].contains(&entry.service))
            .map(|entry| {
                let there = [Service::Edge, Service::Ci].contains(&entry.service).then(|| present.clone());
                let is_double = entry.recipe.is_double();
                let choice = Choice { image: entry.recipe.image.to_owned(), origin: Origin::Recipe, is_double };
                Row {
                    service: entry.service,
                    official: entry.official.map(str::to_owned),
                    official_present: None,
                    recipe: entry.recipe.image.to_owned(),
                    recipe_present: there.clone(),
                    used: there.map(|present| (choice, present)),
                    variable: entry.variable,
                }
            })
            .collect();
        insta::assert_snapshot!(table(&rows), @r#"
        edge   uses edge-smoke/caddy:2.11.9 (built by our recipe)
                 official  caddy:2  not there
                 recipe    edge-smoke/caddy:2.11.9  0123456789ab, 288 MB
                 other     --image edge=NAME, or EDGE_IMAGE=NAME
        forge  uses nothing (no image is there)
                 official  codeberg.org/forgejo/forgejo:11  not there
                 recipe    edge-smoke/gitea:1.26.0  not there
                 other     --image forge=NAME, or FORGE_IMAGE=NAME
        ci     uses edge-smoke/double:0.1.0 (built by our recipe: a double, not the real program)
                 official  woodpeckerci/woodpecker-server:v3  not there
                 recipe    edge-smoke/double:0.1.0  0123456789ab, 288 MB
                 other     --image ci=NAME, or CI_IMAGE=NAME
        chat   uses nothing (no image is there)
                 recipe    edge-smoke/chat:0.1.0  not there
                 other     --image chat=NAME, or CHAT_IMAGE=NAME
        echo   uses nothing (no image is there)
                 recipe    edge-smoke/double:0.1.0  not there
                 other     --image echo=NAME, or ECHO_IMAGE=NAME
        `edge-smoke images build` builds what can't be pulled; `run --stack containers` pulls what can.
        "#);
    }
}
