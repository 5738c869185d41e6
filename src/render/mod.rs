//! The only place where score, diffusion and video meet.
