//! Speaks TLS to the server in the driver's place: the driver's own has the authorities of the public web built in, and
//! would trust them beside the one that is named.
//!
//! ```text
//! driver --socket in a directory of our own--> relay --TLS--> server
//! ```
//!
//! The relay asks for encryption with a packet of its own (Source: MySQL, "Protocol::SSLRequest"), so that up to the end
//! of the login every packet has a number more at the server than at the driver. From then on it only passes on. The
//! driver takes a socket for safe, as this one is.

use std::io;
use std::path::PathBuf;
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpStream, UnixListener, UnixStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::tls::Configuration;

/// The capability of encryption, among the first two bytes of them.
const CLIENT_SSL: u16 = 0x0800;

/// The part of a client's answer that asks for encryption if it comes alone.
const SSL_REQUEST: usize = 32;

/// A packet's length and number.
const HEADER: usize = 4;

/// No packet of a login comes near this.
const LONGEST: usize = 1 << 20;

/// Why the relay gave up.
#[derive(Debug)]
pub(super) enum Cut {
    /// The server could not be reached.
    Unreachable(io::Error),
    /// The server does not encrypt.
    Unencrypted,
    /// They did not agree on TLS.
    Handshake(io::Error),
    /// The connection broke, or the server speaks another protocol.
    Lost(io::Error),
}

/// A server to reach.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) configuration: Configuration,
    pub(super) timeout: Duration,
}

/// The relays at work. Dropped behind the clients, they take leave of the server.
#[derive(Clone, Debug, Default)]
pub(super) struct Relays(Arc<Mutex<Vec<Receiver<()>>>>);

/// The time that a server has to close its end.
const LEAVE: Duration = Duration::from_millis(500);

impl Relays {
    /// Listens for a driver's connection to this server.
    pub(super) fn open(&self, target: Target) -> io::Result<Relay> {
        let (ended, end) = mpsc::channel();
        let relay = Relay::open(target, ended)?;
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(end);
        Ok(relay)
    }
}

impl Drop for Relays {
    fn drop(&mut self) {
        if let Some(relays) = Arc::get_mut(&mut self.0) {
            for end in relays.get_mut().unwrap_or_else(PoisonError::into_inner) {
                // It comes as the end of the relay's thread.
                let _ = end.recv_timeout(LEAVE);
            }
        }
    }
}

/// A socket that takes one connection.
#[derive(Debug)]
pub(super) struct Relay {
    directory: tempfile::TempDir,
    cut: Arc<Mutex<Option<Cut>>>,
}

impl Relay {
    fn open(target: Target, ended: Sender<()>) -> io::Result<Relay> {
        // The directory is this user's alone.
        let relay = Relay { directory: tempfile::tempdir()?, cut: Arc::default() };
        let listener = std::os::unix::net::UnixListener::bind(relay.path())?;
        listener.set_nonblocking(true)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let cut = Arc::clone(&relay.cut);
        thread::spawn(move || {
            let _ended = ended;
            runtime.block_on(async move {
                let Ok(listener) = UnixListener::from_std(listener) else { return };
                let patience = tokio::time::timeout(target.timeout, listener.accept());
                let Ok(Ok((mut driver, _))) = patience.await else { return };
                match target.log_in(&mut driver).await {
                    // Either side may end it, with or without a word.
                    Ok(mut server) => drop(copy_bidirectional(&mut driver, &mut server).await),
                    // The driver finds it there when it sees that its connection is closed.
                    Err(failure) => *cut.lock().unwrap_or_else(PoisonError::into_inner) = Some(failure),
                }
            });
        });
        Ok(relay)
    }

    pub(super) fn path(&self) -> PathBuf {
        self.directory.path().join("mysql.sock")
    }

    /// Why it gave up, if it did.
    pub(super) fn cut(&self) -> Option<Cut> {
        self.cut.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Target {
    /// Connects, encrypts, and passes on the packets of the login.
    async fn log_in(&self, driver: &mut UnixStream) -> Result<TlsStream<TcpStream>, Cut> {
        let late = |_| Cut::Unreachable(io::ErrorKind::TimedOut.into());
        tokio::time::timeout(self.timeout, self.encrypt(driver)).await.map_err(late)?
    }

    async fn encrypt(&self, driver: &mut UnixStream) -> Result<TlsStream<TcpStream>, Cut> {
        let mut server = TcpStream::connect((&*self.host, self.port)).await.map_err(Cut::Unreachable)?;
        server.set_nodelay(true).map_err(Cut::Lost)?;
        let greeting = packet(&mut server).await.map_err(Cut::Lost)?;
        driver.write_all(&greeting).await.map_err(Cut::Lost)?;
        match capabilities(&greeting) {
            Some(capabilities) if capabilities & CLIENT_SSL != 0 => {}
            Some(_) => return Err(Cut::Unencrypted),
            // It refuses, and has said why.
            None => return Err(Cut::Lost(io::ErrorKind::ConnectionReset.into())),
        }
        let answer = packet(driver).await.map_err(Cut::Lost)?;
        let (request, answer) = with_encryption(answer).map_err(Cut::Lost)?;
        server.write_all(&request).await.map_err(Cut::Lost)?;
        let name = ServerName::try_from(self.host.clone())
            .map_err(|error| Cut::Handshake(io::Error::new(io::ErrorKind::InvalidInput, error)))?;
        let connector = TlsConnector::from(Arc::clone(&self.configuration));
        let mut server = connector.connect(name, server).await.map_err(Cut::Handshake)?;
        server.write_all(&answer).await.map_err(Cut::Lost)?;
        pass_login(driver, &mut server).await.map_err(Cut::Lost)?;
        Ok(server)
    }
}

/// Passes on packets until the server takes the client in or turns it away. Each has its turn.
async fn pass_login(driver: &mut UnixStream, server: &mut TlsStream<TcpStream>) -> io::Result<()> {
    loop {
        let said = renumbered(packet(server).await?, -1);
        driver.write_all(&said).await?;
        match &said[HEADER..] {
            [] | [0x00 | 0xff, ..] => return Ok(()),
            // The password is the one that the server remembers; it says so once more.
            [0x01, 0x03] => {}
            _ => server.write_all(&renumbered(packet(driver).await?, 1)).await?,
        }
        server.flush().await?;
    }
}

/// Reads a packet, with its header.
async fn packet(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Vec<u8>> {
    let mut packet = vec![0; HEADER];
    stream.read_exact(&mut packet).await?;
    let length = usize::from(packet[0]) | usize::from(packet[1]) << 8 | usize::from(packet[2]) << 16;
    if length > LONGEST {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "the server does not speak MySQL's protocol"));
    }
    packet.resize(HEADER + length, 0);
    stream.read_exact(&mut packet[HEADER..]).await?;
    Ok(packet)
}

fn renumbered(mut packet: Vec<u8>, by: i8) -> Vec<u8> {
    packet[3] = packet[3].wrapping_add_signed(by);
    packet
}

/// The lower capabilities in a greeting; `None` for an error of the server.
fn capabilities(greeting: &[u8]) -> Option<u16> {
    // Behind the version, which ends in a zero, stand the session's number, eight bytes of salt and a zero.
    let rest = greeting.get(HEADER..)?.strip_prefix(&[10])?;
    let end = rest.iter().position(|byte| *byte == 0)? + 14;
    Some(u16::from_le_bytes(rest.get(end..end + 2)?.try_into().ok()?))
}

/// Asks for encryption, and says so in the answer: the request, and the answer that follows it.
fn with_encryption(mut answer: Vec<u8>) -> io::Result<(Vec<u8>, Vec<u8>)> {
    if answer.len() < HEADER + SSL_REQUEST {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let flags = u16::from_le_bytes([answer[HEADER], answer[HEADER + 1]]) | CLIENT_SSL;
    answer[HEADER..HEADER + 2].copy_from_slice(&flags.to_le_bytes());
    let mut request = answer[..HEADER + SSL_REQUEST].to_vec();
    request[..3].copy_from_slice(&[SSL_REQUEST as u8, 0, 0]);
    Ok((request, renumbered(answer, 1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_greeting_tells_of_encryption() {
        let mut greeting = b"\x00\x00\x00\x00\x0a10.11.6-MariaDB\x00iiiisaltsalt\x00".to_vec();
        greeting.extend([0xfe, 0xff]);
        assert_eq!(capabilities(&greeting), Some(0xfffe));
        assert_eq!(capabilities(&greeting[..greeting.len() - 1]), None);
        assert_eq!(capabilities(b"\x17\x00\x00\x00\xff\x10\x04Too many connections"), None);
    }

    #[test]
    fn the_request_is_the_head_of_the_answer() {
        let mut answer = vec![60, 0, 0, 1];
        answer.extend(0..60);
        let (request, answer) = with_encryption(answer).unwrap();
        assert_eq!((request.len(), &request[..6]), (36, &[32, 0, 0, 1, 0, 9][..]));
        assert_eq!(
            (answer.len(), &answer[..6], &request[6..]),
            (64, &[60, 0, 0, 2, 0, 9][..], &answer[6..36])
        );
        assert!(with_encryption(vec![3, 0, 0, 1, 1, 2, 3]).is_err());
    }
}
