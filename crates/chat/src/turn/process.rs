//! The process of a turn, with everything that it starts.

use std::io;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, WaitOptions, kill_process_group, waitpgid};
use tokio::io::{AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStderr, ChildStdout, Command};
use tokio_util::task::AbortOnDropHandle;

use super::command::Invocation;
use super::lines::{Lines, Next};

/// The longest line of standard error that is kept.
const LONGEST: usize = 4096;

/// How often it is looked whether the last of a group is gone, a millisecond apart.
const REAPED_WITHIN: u32 = 500;

/// How long its last words may take once it has ended.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// A process that leads a group of its own. Dropping it kills the group.
#[derive(Debug)]
pub(super) struct Process {
    child: Child,
    group: Option<Pid>,
    /// The last line of standard error.
    said: AbortOnDropHandle<String>,
    /// Writes the prompt.
    _input: AbortOnDropHandle<()>,
}

impl Process {
    /// Starts it, with this as its standard input, and gives what it prints.
    pub(super) fn start(invocation: &Invocation, input: String) -> io::Result<(Self, BufReader<ChildStdout>)> {
        let mut child = Command::new(&invocation.program)
            .args(&invocation.arguments)
            .env_clear()
            .envs(&invocation.environment)
            .current_dir(&invocation.directory)
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let group = child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
        let gone = || io::Error::other("the process has no pipes");
        let (mut stdin, stdout, stderr) = (
            child.stdin.take().ok_or_else(gone)?,
            child.stdout.take().ok_or_else(gone)?,
            child.stderr.take().ok_or_else(gone)?,
        );
        let write = async move {
            // One that doesn't want it to the end is heard out all the same.
            let _ = stdin.write_all(input.as_bytes()).await;
        };
        let process = Self {
            child,
            group,
            said: AbortOnDropHandle::new(tokio::spawn(last_line(stderr))),
            _input: AbortOnDropHandle::new(tokio::spawn(write)),
        };
        Ok((process, BufReader::new(stdout)))
    }

    /// Waits until it ends by itself, ends it after `grace`, and gives how it ended and what it said last.
    pub(super) async fn end(mut self, grace: Duration) -> (Option<ExitStatus>, String) {
        let status = match tokio::time::timeout(grace, self.child.wait()).await {
            Ok(status) => status.ok(),
            Err(_) => self.terminate(grace).await,
        };
        self.kill().await;
        (status, self.last_words().await)
    }

    /// Ends it now: it is asked to, and after `grace` it is made to.
    pub(super) async fn stop(mut self, grace: Duration) {
        self.terminate(grace).await;
        self.kill().await;
    }

    async fn terminate(&mut self, grace: Duration) -> Option<ExitStatus> {
        self.signal(Signal::TERM);
        if let Ok(status) = tokio::time::timeout(grace, self.child.wait()).await {
            return status.ok();
        }
        self.signal(Signal::KILL);
        self.child.wait().await.ok()
    }

    async fn last_words(&mut self) -> String {
        match tokio::time::timeout(LAST_WORDS, &mut self.said).await {
            Ok(Ok(said)) => said,
            // Somebody who left the group holds the pipe.
            _ => String::new(),
        }
    }

    /// Kills what is left of the group. In a container this process becomes the parent of what lost its own, and has to take note of its
    /// end: what nobody does stays in the list of processes, which has an end there.
    async fn kill(&mut self) {
        self.signal(Signal::KILL);
        let Some(group) = self.group.take() else { return };
        for _ in 0..REAPED_WITHIN {
            match waitpgid(group, WaitOptions::NOHANG) {
                Ok(Some(_)) => {}
                // It is dying.
                Ok(None) => tokio::time::sleep(Duration::from_millis(1)).await,
                Err(_) => return,
            }
        }
    }

    fn signal(&self, signal: Signal) {
        if let Some(group) = self.group {
            // A group that is gone needs none.
            let _ = kill_process_group(group, signal);
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
    }
}

async fn last_line(stderr: ChildStderr) -> String {
    let mut lines = Lines::new(BufReader::new(stderr), LONGEST, usize::MAX);
    let mut last = String::new();
    loop {
        match lines.next().await {
            Next::Line(line) => {
                let line = String::from_utf8_lossy(&line).trim().to_owned();
                if !line.is_empty() {
                    last = line;
                }
            }
            Next::TooLong => {}
            Next::TooMuch | Next::End => return last,
        }
    }
}
