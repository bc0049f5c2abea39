//! Answers that come before a request is at its end.
//!
//! A server that refuses a large content answers and closes the connection while it is still being sent. What is written
//! then can't arrive, but the answer is there to be read, and it says why.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::connect::Stream;

/// A connection that goes on reading when it can't write any more. It is good for one request: of another that can't even
/// begin one would like to know at once.
pub(super) struct Patient {
    inner: Box<dyn Stream>,
    is_broken: bool,
}

impl Patient {
    pub(super) fn new(inner: Box<dyn Stream>) -> Self {
        Self { inner, is_broken: false }
    }

    /// What to say of a write of so many bytes.
    fn outcome(&mut self, length: usize, result: io::Result<usize>) -> io::Result<usize> {
        match result {
            Err(error) if is_closed(&error) => {
                self.is_broken = true;
                Ok(length)
            }
            result => result,
        }
    }
}

/// The other side has closed the connection.
fn is_closed(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted
    )
}

impl AsyncRead for Patient {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(context, buffer)
    }
}

impl AsyncWrite for Patient {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if self.is_broken {
            return Poll::Ready(Ok(bytes.len()));
        }
        let result = Pin::new(&mut self.inner).poll_write(context, bytes);
        result.map(|result| self.outcome(bytes.len(), result))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.is_broken {
            return Poll::Ready(Ok(()));
        }
        let result = Pin::new(&mut self.inner).poll_flush(context);
        result.map(|result| result.or_else(|error| self.outcome(0, Err(error)).map(|_| ())))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.is_broken {
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}
