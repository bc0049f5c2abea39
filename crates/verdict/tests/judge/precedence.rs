//! Which finding decides.

use verdict::evidence::{Evidence, StackKind};
use verdict::{Class, Finding, Proof, Verdict, conclude};

use crate::build::{evidence, finding, passed};

fn verdict(kind: StackKind, findings: Vec<Finding>) -> Verdict {
    conclude(&evidence(kind, vec![passed("one")]), findings).verdict
}

/// Every set of classes, in every order of two and in report order for all: the strongest decides.
#[test]
fn the_strongest_class_decides() {
    use Class::{Fixable, Infrastructure, Note, Pivot, Security};
    let table: &[(&[Class], Verdict)] = &[
        (&[], Verdict::Pass),
        (&[Note], Verdict::Pass),
        (&[Fixable], Verdict::Fix),
        (&[Pivot], Verdict::Pivot),
        (&[Infrastructure], Verdict::Inconclusive),
        (&[Security], Verdict::Fix),
        (&[Note, Fixable], Verdict::Fix),
        (&[Note, Pivot], Verdict::Pivot),
        (&[Note, Infrastructure], Verdict::Inconclusive),
        (&[Note, Security], Verdict::Fix),
        (&[Fixable, Pivot], Verdict::Pivot),
        (&[Fixable, Infrastructure], Verdict::Inconclusive),
        (&[Fixable, Security], Verdict::Fix),
        (&[Pivot, Infrastructure], Verdict::Inconclusive),
        (&[Pivot, Security], Verdict::Fix),
        (&[Infrastructure, Security], Verdict::Fix),
        (&[Fixable, Pivot, Infrastructure], Verdict::Inconclusive),
        (&[Note, Fixable, Pivot, Infrastructure, Security], Verdict::Fix),
    ];
    for (classes, expected) in table {
        for kind in [StackKind::Embedded, StackKind::Containers, StackKind::External] {
            let findings: Vec<Finding> = classes.iter().map(|class| finding(*class, Proof::Verified)).collect();
            let reversed: Vec<Finding> = findings.iter().rev().cloned().collect();
            assert_eq!(verdict(kind, findings), *expected, "{classes:?} on {kind:?}");
            assert_eq!(verdict(kind, reversed), *expected, "{classes:?} reversed, on {kind:?}");
        }
    }
}

#[test]
fn a_pivot_must_be_proved_where_it_can_be() {
    use Proof::{Refuted, Untried, Verified};
    let table = [
        (StackKind::Containers, Verified, Verdict::Pivot),
        (StackKind::Containers, Untried, Verdict::Fix),
        (StackKind::Containers, Refuted, Verdict::Fix),
        (StackKind::Embedded, Verified, Verdict::Pivot),
        (StackKind::Embedded, Untried, Verdict::Fix),
        (StackKind::External, Untried, Verdict::Pivot),
        (StackKind::External, Verified, Verdict::Pivot),
        (StackKind::External, Refuted, Verdict::Fix),
    ];
    for (kind, proof, expected) in table {
        assert_eq!(verdict(kind, vec![finding(Class::Pivot, proof)]), expected, "{kind:?} {proof:?}");
    }
}

#[test]
fn an_unproved_pivot_does_not_outweigh_infrastructure_nor_undercut_a_note() {
    let findings = vec![finding(Class::Infrastructure, Proof::Untried), finding(Class::Pivot, Proof::Untried)];
    assert_eq!(verdict(StackKind::Containers, findings), Verdict::Inconclusive);
    let findings = vec![finding(Class::Pivot, Proof::Untried), finding(Class::Note, Proof::Untried)];
    assert_eq!(verdict(StackKind::Containers, findings), Verdict::Fix);
}

#[test]
fn reasons_name_what_decided() {
    let on = |kind, findings| conclude(&evidence(kind, vec![passed("one"), passed("two")]), findings).reason;
    let untried = |class| finding(class, Proof::Untried);
    assert_eq!(on(StackKind::Containers, vec![]), "All 2 scenarios passed.");
    assert_eq!(on(StackKind::Containers, vec![untried(Class::Note)]), "All 2 scenarios passed, with 1 note.");
    assert_eq!(
        on(StackKind::Containers, vec![untried(Class::Security), untried(Class::Fixable), untried(Class::Note)]),
        "A security hole: Title of security (test/security), and 1 more finding."
    );
    assert_eq!(
        on(StackKind::Containers, vec![untried(Class::Infrastructure), untried(Class::Fixable)]),
        "Cause of infrastructure, and 1 more finding; nothing is claimed about the site."
    );
    assert_eq!(
        on(StackKind::External, vec![untried(Class::Pivot)]),
        "Title of pivot (test/pivot); a recommendation, since nothing can be tried on a stack that is not ours."
    );
    assert_eq!(
        on(StackKind::Containers, vec![finding(Class::Pivot, Proof::Verified)]),
        "Title of pivot (test/pivot); under subpaths every fix failed, on subdomains the same scenarios pass."
    );
    assert_eq!(
        on(StackKind::Embedded, vec![]),
        "All 2 scenarios passed; this was on doubles (edge, forge and ci) and says nothing about the real programs."
    );
}

#[test]
fn exit_codes_are_those_of_the_design_and_rise_with_the_verdict() {
    let codes: Vec<u8> = Verdict::ALL.iter().map(|verdict| verdict.exit_code()).collect();
    assert_eq!(codes, [0, 1, 2, 3]);
    assert!(Verdict::ALL.is_sorted());
    assert_eq!(
        Verdict::ALL.iter().map(|verdict| verdict.as_str()).collect::<Vec<_>>(),
        ["PASS", "FIX", "PIVOT", "INCONCLUSIVE"]
    );
}

#[test]
fn no_evidence_at_all_is_no_pass() {
    assert_eq!(verdict::judge(&Evidence::default()).verdict, Verdict::Inconclusive);
}
