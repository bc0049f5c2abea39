//! `docs/edge-routing-fallback.md` and the rules name the same criteria.

use std::collections::BTreeSet;

use verdict::Class;
use verdict::rules::rules;

const PAGE: &str = include_str!("../../../../docs/edge-routing-fallback.md");

#[test]
fn the_page_and_the_rules_name_the_same_criteria() {
    let (_, table) = PAGE.split_once("<!-- table: criteria -->\n").unwrap();
    let rows: Vec<&str> = table.lines().skip(2).take_while(|line| line.starts_with('|')).collect();
    let cell = |row: &&str| row.trim_matches('|').rsplit('|').next().unwrap().trim().to_owned();
    let (codes, others): (Vec<String>, Vec<String>) = rows.iter().map(cell).partition(|cell| cell.starts_with('`'));
    assert!(others.iter().all(|cell| cell.starts_with("none: ")), "{others:?}");
    let written: BTreeSet<&str> = codes.iter().map(|code| code.trim_matches('`')).collect();
    let pivots = rules().iter().filter(|rule| rule.class == Class::Pivot).map(|rule| rule.code);
    assert_eq!(written, pivots.collect());
}
