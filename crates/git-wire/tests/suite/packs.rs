//! Packs, in both directions.

use std::collections::{HashMap, HashSet};

use git_wire::object::{Commit, Entry, Mode, Object, ObjectId, Signature, Tree};
use git_wire::pack::{Compression, Limits, Reader, Writer};
use git_wire::reach;

use crate::git::Git;

const LIMITS: Limits = Limits { objects: 10_000, bytes: 50 << 20 };

fn read(pack: &[u8]) -> HashMap<ObjectId, Object> {
    let mut reader = Reader::new(LIMITS);
    pack.chunks(1000).for_each(|piece| reader.feed(piece).unwrap());
    reader.finish(&|_| None).unwrap().into_iter().collect()
}

/// A history in which files change a little, so that git packs differences.
fn history(git: &Git) -> String {
    std::fs::create_dir_all(git.path().join("folder/deep")).unwrap();
    let lines: Vec<String> = (0..2000).map(|number| format!("line {}", number * 7919 % 10_007)).collect();
    for version in 0..30 {
        let mut lines = lines.clone();
        lines.insert(version * 50, format!("version {version}"));
        std::fs::write(git.path().join("folder/deep/file"), lines.join("\n")).unwrap();
        std::fs::write(git.path().join(format!("file-{version}")), format!("{version}")).unwrap();
        git.run(&["add", "-A"], b"");
        git.run(&["commit", "-qm", &format!("Version {version}")], b"");
    }
    git.say(&["rev-parse", "HEAD"])
}

#[test]
fn what_git_packs_is_read() {
    let Some(git) = Git::new() else { return };
    let head = history(&git);
    for by_place in [true, false] {
        let mut arguments = vec!["pack-objects", "--stdout", "--revs", "--depth=50", "--window=50", "-q"];
        arguments.extend(by_place.then_some("--delta-base-offset"));
        let pack = git.run(&arguments, format!("{head}\n").as_bytes());
        let objects = read(&pack);
        assert!(objects.iter().all(|(id, object)| *id == object.id()));
        let of_git: HashSet<String> = git
            .say(&["rev-list", "--objects", "HEAD"])
            .lines()
            .map(|line| line.split(' ').next().unwrap().to_owned())
            .collect();
        assert_eq!(objects.keys().map(ToString::to_string).collect::<HashSet<_>>(), of_git, "{by_place}");
        let reached =
            reach::all([head.parse().unwrap()], &HashSet::new(), &HashSet::new(), |id| objects.get(&id)).unwrap();
        assert_eq!(reached.len(), objects.len());
    }
}

#[test]
fn what_we_pack_git_accepts() {
    let Some(git) = Git::new() else { return };
    let large: Vec<u8> =
        (0..3_000_000_u32).map(|number| (number.wrapping_mul(2_654_435_761) >> 24).to_le_bytes()[0]).collect();
    let blobs = [Object::blob(""), Object::blob("hello\n"), Object::blob(large)];
    let entry = |mode, name: &str, object: &Object| Entry { mode, name: name.into(), id: object.id() };
    let folder = Tree { entries: vec![entry(Mode::File, "large", &blobs[2])] }.to_object();
    let top = Tree {
        entries: vec![
            entry(Mode::Folder, "a", &folder),
            entry(Mode::File, "a.txt", &blobs[0]),
            entry(Mode::Executable, "a0", &blobs[1]),
        ],
    }
    .to_object();
    let who = Signature { name: "Ann".into(), email: "ann@edge.test".into(), time: 1_700_000_000 };
    let commit =
        Commit { tree: top.id(), parents: Vec::new(), author: who.clone(), committer: who, message: "All".into() };
    let commit = commit.to_object();
    let objects: Vec<&Object> = blobs.iter().chain([&folder, &top, &commit]).collect();
    for compression in [Compression::Fast, Compression::Stored] {
        let mut pack = Vec::new();
        let mut writer = Writer::begin(u32::try_from(objects.len()).unwrap(), &mut pack);
        objects.iter().for_each(|object| writer.object(object, compression, &mut pack));
        writer.finish(&mut pack);
        git.run(&["index-pack", "--stdin", "--strict", "--fsck-objects"], &pack);
    }
    let id = commit.id().to_string();
    git.run(&["update-ref", "refs/heads/main", &id], b"");
    git.run(&["fsck", "--strict", "--full", "--no-dangling"], b"");
    assert_eq!(git.say(&["show", "main:a0"]), "hello");
    assert_eq!(git.run(&["cat-file", "blob", "main:a/large"], b""), blobs[2].data);
}
