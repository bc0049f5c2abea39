//! Networks and volumes of a run. What the compose file binds from beside it is copied into a volume, so that an
//! engine on another machine has it too, and a container whose own file system is read-only can have it.

use std::collections::BTreeMap;

use bollard::Docker;
use bollard::body_full;
use bollard::errors::Error;
use bollard::models::{ContainerCreateBody, HostConfig, Mount, MountType, MountVolumeOptions, NetworkCreateRequest};
use bollard::query_parameters::{
    CreateContainerOptionsBuilder, RemoveContainerOptionsBuilder, UploadToContainerOptionsBuilder,
};
use bytes::Bytes;

use super::run::Run;

/// A file to be put into a volume.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct File {
    /// Its path there.
    pub(crate) path: String,
    /// Its content.
    pub(crate) content: Vec<u8>,
    /// User and group that it belongs to; `None` for root.
    owner: Option<(u64, u64)>,
    /// Only they may read it.
    is_secret: bool,
}

impl File {
    /// A file that everybody may read.
    pub(crate) fn new(path: &str, content: impl Into<Vec<u8>>) -> Self {
        Self { path: path.to_owned(), content: content.into(), owner: None, is_secret: false }
    }

    /// The file, readable by this user alone (`1000:1000`); by root where it isn't given in numbers.
    pub(crate) fn only_for(mut self, user: Option<&str>) -> Self {
        self.is_secret = true;
        self.belonging_to(user)
    }

    /// The file, with the directories above it, as this user's own.
    pub(crate) fn belonging_to(mut self, user: Option<&str>) -> Self {
        let (user, group) = user.map_or(("0", "0"), |user| user.split_once(':').unwrap_or((user, "0")));
        self.owner = Some((user.parse().unwrap_or_default(), group.parse().unwrap_or_default()));
        self
    }
}

/// Without the content, which may be secret.
impl std::fmt::Debug for File {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("File").field("path", &self.path).field("owner", &self.owner).finish_non_exhaustive()
    }
}

/// Makes a network of the run.
pub(crate) async fn create_network(docker: &Docker, run: &Run, network: &str) -> Result<(), Error> {
    let request = NetworkCreateRequest { name: run.name(network), labels: Some(run.labels()), ..Default::default() };
    docker.create_network(request).await.map(|_| ())
}

/// A volume of the run, as a container mounts it. The engine makes it with the first container that does, labelled: it
/// would make a missing one in any case, and without these labels nobody would know whose it is.
pub(crate) fn mount(run: &Run, volume: &str, target: &str, read_only: bool) -> Mount {
    Mount {
        target: Some(target.to_owned()),
        source: Some(run.name(volume)),
        typ: Some(MountType::VOLUME),
        read_only: Some(read_only),
        volume_options: Some(MountVolumeOptions { labels: Some(run.labels()), ..Default::default() }),
        ..Default::default()
    }
}

/// Puts files into a volume of the run. A container that is never started carries them in; any image will do for it.
pub(crate) async fn fill(docker: &Docker, run: &Run, volume: &str, image: &str, files: &[File]) -> Result<(), Error> {
    fill_at(docker, run, volume, "/edge-smoke", image, files).await
}

/// The same, with the volume mounted at this place: a new volume takes over what the image has there, and to whom it belongs.
pub(crate) async fn fill_at(
    docker: &Docker,
    run: &Run,
    volume: &str,
    place: &str,
    image: &str,
    files: &[File],
) -> Result<(), Error> {
    let mount = mount(run, volume, place, false);
    let body = ContainerCreateBody {
        image: Some(image.to_owned()),
        // It is never started, but an image without a command of its own is refused.
        cmd: Some(vec!["true".to_owned()]),
        labels: Some(run.labels()),
        host_config: Some(HostConfig { mounts: Some(vec![mount]), ..Default::default() }),
        ..Default::default()
    };
    let options = CreateContainerOptionsBuilder::new().name(&run.name(&format!("{volume}-copy"))).build();
    let container = docker.create_container(Some(options), body).await?.id;
    let upload = UploadToContainerOptionsBuilder::new().path(place).build();
    docker.upload_to_container(&container, Some(upload), body_full(Bytes::from(archive(files)?))).await?;
    // With the nameless volumes that its image asks for: they carry no label of ours.
    let removal = RemoveContainerOptionsBuilder::new().force(true).v(true).build();
    docker.remove_container(&container, Some(removal)).await?;
    Ok(())
}

/// The files as a tar archive, with the directories above them, readable by everybody and owned by root but for those
/// that have an owner.
fn archive(files: &[File]) -> Result<Vec<u8>, std::io::Error> {
    let mut entries: BTreeMap<&str, (&File, bool)> = BTreeMap::new();
    for file in files {
        for (position, _) in file.path.match_indices('/') {
            entries.insert(&file.path[..position], (file, true));
        }
        entries.insert(&file.path, (file, false));
    }
    let mut builder = tar::Builder::new(Vec::new());
    for (path, (file, is_directory)) in entries {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(if is_directory { tar::EntryType::Directory } else { tar::EntryType::Regular });
        header.set_mode(match (is_directory, file.is_secret) {
            (true, _) => 0o755,
            (false, false) => 0o644,
            (false, true) => 0o400,
        });
        let owner = file.owner.filter(|_| !(is_directory && file.is_secret));
        let (user, group) = owner.unwrap_or_default();
        header.set_uid(user);
        header.set_gid(group);
        let content = if is_directory { &[][..] } else { &file.content };
        header.set_size(content.len() as u64);
        builder.append_data(&mut header, path, content)?;
    }
    builder.into_inner()
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn files_come_with_the_directories_above_them() {
        let files = [
            File::new("a/b/c.txt", "deep"),
            File::new("key", "secret").only_for(Some("1000:1001")),
            File::new("own/file.txt", "").belonging_to(Some("1000:1001")),
            File::new("root-key", "").only_for(None),
            File::new("top.txt", ""),
        ];
        let archive = archive(&files).unwrap();
        let mut seen = Vec::new();
        for entry in tar::Archive::new(archive.as_slice()).entries().unwrap() {
            let mut entry = entry.unwrap();
            let mut content = String::new();
            entry.read_to_string(&mut content).unwrap();
            let header = entry.header();
            let (mode, owner) = (header.mode().unwrap(), (header.uid().unwrap(), header.gid().unwrap()));
            seen.push((entry.path().unwrap().display().to_string(), mode, owner, content));
        }
        let expected = [
            ("a", 0o755, (0, 0), ""),
            ("a/b", 0o755, (0, 0), ""),
            ("a/b/c.txt", 0o644, (0, 0), "deep"),
            ("key", 0o400, (1000, 1001), "secret"),
            ("own", 0o755, (1000, 1001), ""),
            ("own/file.txt", 0o644, (1000, 1001), ""),
            ("root-key", 0o400, (0, 0), ""),
            ("top.txt", 0o644, (0, 0), ""),
        ];
        let expected = expected.map(|(path, mode, owner, content)| (path.to_owned(), mode, owner, content.to_owned()));
        assert_eq!(seen, expected);
        assert!(!format!("{files:?}").contains("secret"));
    }
}
