//! Open Sound Control, over UDP on this computer: controllers play the look, and other programs hear what is shown.
//!
//! It is off unless it is asked for: whoever is on this computer can send to a port, and there is no secret in a datagram. All that can be
//! done through it is to turn knobs, to undo, and to move the playhead.

mod hear;
mod tell;

use super::hub::Hub;
use super::outside::OscPorts;
use crate::error::{Context, Error, Result};
use std::net::Ipv4Addr;
use std::sync::Arc;
use tokio::net::UdpSocket;

/// The sockets of the ports that are used.
pub struct Sockets {
    hear: Option<UdpSocket>,
    tell: Option<UdpSocket>,
}

impl Sockets {
    /// Opens what `ports` say.
    ///
    /// # Errors
    /// Output: somebody else listens there.
    pub async fn open(ports: OscPorts) -> Result<Self> {
        let bound = async |port| {
            let taken = || {
                Error::output(format!("can't listen for OSC on port {port}"))
                    .hint("another program listens there: close it, or choose another port")
            };
            UdpSocket::bind((Ipv4Addr::LOCALHOST, port)).await.context(taken)
        };
        let hear = match ports.hear {
            Some(port) => Some(bound(port).await?),
            None => None,
        };
        let tell = match ports.tell {
            Some(port) => {
                let socket = bound(0).await?;
                let failed = || Error::output(format!("can't send OSC to port {port}"));
                socket.connect((Ipv4Addr::LOCALHOST, port)).await.context(failed)?;
                Some(socket)
            }
            None => None,
        };
        Ok(Sockets { hear, tell })
    }

    /// Hears and tells until the process ends.
    pub fn serve(self, hub: &Arc<Hub>) {
        if let Some(socket) = self.hear {
            tokio::spawn(hear::hear(hub.clone(), socket));
        }
        if let Some(socket) = self.tell {
            tokio::spawn(tell::tell(hub.clone(), socket));
        }
    }
}
