#!/bin/bash
#SBATCH --job-name=resnet-sweep
#SBATCH --array=0-99%10
#SBATCH --time=1-12:00:00          # the partition's maximum
#SBATCH --ntasks=1 --cpus-per-task=16
#SBATCH --mem-per-cpu=6G
#SBATCH --gres=gpu:a100:1
#SBATCH --partition=gpu --qos=long
#SBATCH --output=logs/%A_%a.out

cd /data
python train.py --seed "$SLURM_ARRAY_TASK_ID"
