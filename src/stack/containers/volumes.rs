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

/// A file to be put into a volume: its path there, and its content.
pub(crate) type File = (String, Vec<u8>);

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
    const PLACE: &str = "/edge-smoke";
    let mount = mount(run, volume, PLACE, false);
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
    let upload = UploadToContainerOptionsBuilder::new().path(PLACE).build();
    docker.upload_to_container(&container, Some(upload), body_full(Bytes::from(archive(files)?))).await?;
    docker.remove_container(&container, Some(RemoveContainerOptionsBuilder::new().force(true).build())).await?;
    Ok(())
}

/// The files as a tar archive, with the directories above them, readable by everybody and owned by root.
fn archive(files: &[File]) -> Result<Vec<u8>, std::io::Error> {
    let mut entries: BTreeMap<String, Option<&[u8]>> = BTreeMap::new();
    for (path, content) in files {
        for (position, _) in path.match_indices('/') {
            entries.insert(path[..position].to_owned(), None);
        }
        entries.insert(path.clone(), Some(content));
    }
    let mut builder = tar::Builder::new(Vec::new());
    for (path, content) in entries {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(if content.is_some() { tar::EntryType::Regular } else { tar::EntryType::Directory });
        header.set_mode(if content.is_some() { 0o644 } else { 0o755 });
        header.set_size(content.map_or(0, |content| content.len() as u64));
        builder.append_data(&mut header, path, content.unwrap_or_default())?;
    }
    builder.into_inner()
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn files_come_with_the_directories_above_them() {
        let files = [("a/b/c.txt".to_owned(), b"deep".to_vec()), ("top.txt".to_owned(), Vec::new())];
        let archive = archive(&files).unwrap();
        let mut seen = Vec::new();
        for entry in tar::Archive::new(archive.as_slice()).entries().unwrap() {
            let mut entry = entry.unwrap();
            let mut content = String::new();
            entry.read_to_string(&mut content).unwrap();
            seen.push((entry.path().unwrap().display().to_string(), entry.header().mode().unwrap(), content));
        }
        let expected = [("a", 0o755, ""), ("a/b", 0o755, ""), ("a/b/c.txt", 0o644, "deep"), ("top.txt", 0o644, "")];
        let expected: Vec<_> =
            expected.iter().map(|&(path, mode, content)| (path.to_owned(), mode, content.to_owned())).collect();
        assert_eq!(seen, expected);
    }
}
