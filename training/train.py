"""Train spark, one stage at a time, from what stands in models/spark:

    python training/train.py init                 untrained weights of the final shapes, tokenizer, scheduler
    python training/train.py vae --minutes 22     autoencoder
    python training/data.py                       (beside the next) rendered and encoded loops
    python training/train.py image --minutes 35   text encoder and UNet
    python training/train.py motion --minutes 45  motion modules
    python training/train.py few --steps 4 --minutes 40               a module for 4 steps from the standard one
    python training/train.py few --steps 2 --teacher 4 --minutes 20   one for 2 from the one for 4

A stage goes on from the committed f16 weights and the step count in training.json.
"""
import argparse

import torch


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("stage", choices=("init", "vae", "image", "motion", "few"))
    a.add_argument("--minutes", type=float, default=10)
    a.add_argument("--threads", type=int, default=1)
    a.add_argument("--device", default="cpu", help="cpu or cuda")
    a.add_argument("--batch", type=int, default=1, help="motion, few: clips a step")
    a.add_argument("--rate", type=float, help="peak learning rate")
    a.add_argument("--data", default="spark-table", help="the folder of stills (vae) or of the table")
    a.add_argument("--alone", action="store_true", help="motion: leave text encoder and UNet as they are; vae: leave the encoder")
    a.add_argument("--steps", type=int, default=4, help="steps of the few-step module")
    a.add_argument("--teacher", type=int, default=0, help="steps of the module to learn from; 0: the standard one, with guidance")
    o = a.parse_args()
    torch.set_num_threads(o.threads)
    torch.set_default_device(o.device)
    more = {"rate": o.rate} if o.rate else {}
    if o.stage == "init":
        import export
        export.init()
    elif o.stage == "vae":
        import vae
        vae.train(o.minutes, o.data, alone=o.alone, **more)
    elif o.stage == "few":
        import distil
        distil.distil(o.steps, o.minutes, o.data, o.teacher, batch=o.batch, **more)
    elif o.stage == "motion":
        import diffusion
        diffusion.motion(o.minutes, o.data, alone=o.alone, batch=o.batch, **more)
    else:
        import diffusion
        diffusion.image(o.minutes, o.data, **more)


if __name__ == "__main__":
    main()
