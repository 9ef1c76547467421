use std::time::Duration;

use gapless::engine::{DbError, Reply, ResultSet, Run, Step};

use super::{Server, Session};

/// A fault of one message, counted from zero over the whole run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    None,
    /// After so many of its statements the server refuses the next one with this code.
    Refused {
        message: usize,
        statements: usize,
        code: &'static str,
    },
    /// The connection breaks before the server sees it.
    LostBefore {
        message: usize,
    },
    /// The server does all of it, and the answer is lost.
    LostAfter {
        message: usize,
    },
}

/// A run against a session of its own.
#[derive(Debug)]
pub struct Client<'a> {
    run: Run<'a>,
    session: usize,
    sent: usize,
    fault: Fault,
    pub lost: bool,
}

impl<'a> Client<'a> {
    pub fn new(server: &mut Server, run: Run<'a>, fault: Fault) -> Client<'a> {
        server.sessions.push(Session::default());
        Client { run, session: server.sessions.len() - 1, sent: 0, fault, lost: false }
    }

    /// One step; `false` once it is finished.
    pub fn advance(&mut self, server: &mut Server) -> bool {
        let message = match self.run.step() {
            Step::Finished => return false,
            Step::Call => panic!("the simulator runs no code"),
            Step::Sleep(pause) => {
                server
                    .transcript
                    .push(format!("-- sleeps {}", if pause.is_zero() { "not at all" } else { "a while" }));
                self.run.reply(Reply::slept());
                return true;
            }
            Step::Send(message) => message.to_owned(),
        };
        let number = self.sent;
        self.sent += 1;
        let reply = match self.fault {
            Fault::LostBefore { message: at } if at == number => self.lose(server),
            Fault::LostAfter { message: at } if at == number => {
                let _ = server.execute(self.session, &message, None);
                self.lose(server)
            }
            Fault::Refused { message: at, statements, code } if at == number => {
                reply(server.execute(self.session, &message, Some((statements, code))))
            }
            _ => reply(server.execute(self.session, &message, None)),
        };
        self.run.reply(reply);
        true
    }

    /// Steps to the end.
    pub fn finish(mut self, server: &mut Server) -> Result<gapless::Report, gapless::Error> {
        for _ in 0..10_000 {
            if !self.advance(server) {
                return self.result();
            }
        }
        panic!("the run does not end");
    }

    pub fn result(self) -> Result<gapless::Report, gapless::Error> {
        self.run.finish().map(|finished| finished.report)
    }

    /// How many messages it has sent.
    pub fn sent(&self) -> usize {
        self.sent
    }

    fn lose(&mut self, server: &mut Server) -> Reply {
        self.lost = true;
        server.disconnect(self.session);
        Reply::lost("connection reset by peer", Duration::ZERO)
    }
}

fn reply(outcome: Result<Vec<ResultSet>, DbError>) -> Reply {
    match outcome {
        Ok(results) => Reply::rows(results, Duration::ZERO),
        Err(error) => Reply::failed(error, Duration::ZERO),
    }
}
