//! A stream whose writes must get on: who takes nothing of what it asked for would hold its connection for ever.

use std::io::{Error, ErrorKind, IoSlice, Result};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

/// `stream`, given up once a write has waited for `patience`.
pub struct Patient<S> {
    stream: S,
    patience: Duration,
    /// Runs while a write waits.
    waiting: Option<Pin<Box<Sleep>>>,
}

impl<S> Patient<S> {
    /// Lets every write to `stream` wait so long.
    pub fn new(stream: S, patience: Duration) -> Self {
        Patient { stream, patience, waiting: None }
    }

    /// What a write came to, or an error where it has waited too long.
    fn bounded(&mut self, cx: &mut Context, written: Poll<Result<usize>>) -> Poll<Result<usize>> {
        if written.is_ready() {
            self.waiting = None;
            return written;
        }
        let patience = self.patience;
        ready!(self.waiting.get_or_insert_with(|| Box::pin(sleep(patience))).as_mut().poll(cx));
        Poll::Ready(Err(Error::from(ErrorKind::TimedOut)))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Patient<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context, into: &mut ReadBuf) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, into)
    }
}

// A socket is flushed and shut down at once, so that only writes wait.
impl<S: AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context, bytes: &[u8]) -> Poll<Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.bounded(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context,
        bytes: &[IoSlice],
    ) -> Poll<Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, bytes);
        self.bounded(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::poll_fn;

    /// A client that takes a byte only at every `lazy`th asking; 0: never.
    struct Client {
        lazy: usize,
        asked: usize,
    }

    impl AsyncWrite for Client {
        fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context, _: &[u8]) -> Poll<Result<usize>> {
            self.asked += 1;
            if self.lazy == 0 {
                return Poll::Pending;
            }
            cx.waker().wake_by_ref();
            if self.asked.is_multiple_of(self.lazy) { Poll::Ready(Ok(1)) } else { Poll::Pending }
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context) -> Poll<Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context) -> Poll<Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    fn write(lazy: usize, patience: Duration) -> (Result<usize>, bool) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let mut stream = Patient::new(Client { lazy, asked: 0 }, patience);
        let written = runtime.block_on(poll_fn(|cx| Pin::new(&mut stream).poll_write(cx, b"abc")));
        (written, stream.waiting.is_some())
    }

    #[test]
    fn who_takes_nothing_is_given_up_and_who_takes_a_little_is_not() {
        let (written, _) = write(0, Duration::ZERO);
        assert_eq!(written.unwrap_err().kind(), ErrorKind::TimedOut);
        let (written, waiting) = write(5, Duration::MAX);
        assert!(written.unwrap() == 1 && !waiting);
    }
}
