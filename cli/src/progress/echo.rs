//! Keeps a terminal from writing `^C` behind the bar, where it would begin another line.

pub(super) use imp::Echo;

#[cfg(unix)]
mod imp {
    use std::io;
    use std::sync::{Arc, Mutex, PoisonError};

    use rustix::process::getpgrp;
    use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcgetpgrp, tcsetattr};

    /// The terminal's settings, if they are changed.
    #[derive(Clone, Debug, Default)]
    pub(crate) struct Echo(Arc<Mutex<Option<Termios>>>);

    impl Echo {
        pub(crate) fn leave_out_control_characters(&self) {
            // Where the input is no terminal, nothing is echoed; and a job in the background would be stopped here.
            if tcgetpgrp(io::stdin()).ok() != Some(getpgrp()) {
                return;
            }
            let Ok(before) = tcgetattr(io::stdin()) else { return };
            let mut changed = before.clone();
            changed.local_modes.remove(LocalModes::ECHOCTL);
            if tcsetattr(io::stdin(), OptionalActions::Now, &changed).is_ok() {
                *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(before);
            }
        }

        pub(crate) fn restore(&self) {
            if let Some(before) = self.0.lock().unwrap_or_else(PoisonError::into_inner).take() {
                let _ = tcsetattr(io::stdin(), OptionalActions::Now, &before);
            }
        }
    }
}

#[cfg(not(unix))]
mod imp {
    /// Here nothing is echoed.
    #[derive(Clone, Debug, Default)]
    pub(crate) struct Echo;

    impl Echo {
        pub(crate) fn leave_out_control_characters(&self) {}

        pub(crate) fn restore(&self) {}
    }
}
