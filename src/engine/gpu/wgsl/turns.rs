//! How many turns of loops a thread takes at most: some devices allow so many only; see
//! [`super::super::GpuDevice::most_turns`].
//!
//! Threads that run side by side follow each other through all code. So a thread that has nothing to
//! do in a loop, or has left it, takes one turn of every loop inside.

/// Turns in a text that is being written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Turns {
    /// All of them, with those in which a condition fails.
    pub(super) most: usize,
    /// Loops in the text.
    pub(super) loops: usize,
    here: Here,
}

/// How often a thread comes to what is written next: with something to do, and to follow the others.
#[derive(Clone, Copy, Debug)]
pub(super) struct Here {
    often: usize,
    idle: usize,
}

impl Turns {
    /// Those of a text without a loop, so far.
    pub(super) const NONE: Self = Self { most: 0, loops: 0, here: Here { often: 1, idle: 0 } };

    /// Where the text is.
    pub(super) fn here(&self) -> Here {
        self.here
    }

    /// Begins a loop of at most so many times.
    pub(super) fn enter(&mut self, times: usize) {
        let Here { often, idle } = self.here;
        self.most += often * (times + 1) + idle;
        self.loops += 1;
        self.here = Here { often: often * times, idle: often + idle };
    }

    /// Goes back to where the text was before some blocks.
    pub(super) fn leave(&mut self, here: Here) {
        self.here = here;
    }

    /// Those of a loop of so many times around all.
    pub(super) fn within(self, times: usize) -> Self {
        let most = times * (self.most + 1) + 1 + self.loops;
        Self { most, loops: self.loops + 1, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_that_are_done_follow_the_others() {
        // A loop of 3 in one of 5: five times four, and once more to follow; six of the outer one.
        let mut turns = Turns::NONE;
        let before = turns.here();
        turns.enter(5);
        turns.enter(3);
        turns.leave(before);
        assert_eq!((turns.most, turns.loops), (5 * 4 + 1 + 6, 2));
        // The same from inside out.
        let mut inner = Turns::NONE;
        inner.enter(3);
        let both = inner.within(5);
        assert_eq!((both.most, both.loops), (turns.most, turns.loops));
        turns.enter(1);
        assert_eq!(turns.most, 27 + 2, "one more loop, after both");
    }
}
