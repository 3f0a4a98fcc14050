"""Prepares the import path as bootstrap.py of the managed Python runtimes does, then runs awslambdaric.

The order is theirs and matters: awslambdaric comes first, so that nothing in a layer can take its place; the
paths of the function and of the layers are sites, so that their .pth files run; and only then is PYTHONPATH
set, which the function and its child processes see. Where PYTHONPATH is set from outside, the layers' paths
are left out.
"""

import os
import site
import sys

import awslambdaric.__main__ as runtime  # before any change of the path

# LAMBDA_LOCAL_OPT stands for /opt where nothing can be mounted there.
opt = os.environ.pop("LAMBDA_LOCAL_OPT", "/opt")
task_root = os.environ["LAMBDA_TASK_ROOT"]
packages = f"lib/python{sys.version_info[0]}.{sys.version_info[1]}/site-packages"
layer_paths = [f"{opt}/python/{packages}", f"{opt}/python"]
default_path = "PYTHONPATH" not in os.environ

if default_path:
    sys.path[:0] = [*layer_paths, f"{sys.prefix}/{packages}"]
sys.path.insert(0, task_root)

site.addsitedir(task_root)
if default_path:
    for path in layer_paths:
        site.addsitedir(path)
    os.environ["PYTHONPATH"] = os.environ["LAMBDA_RUNTIME_DIR"]

runtime.main([task_root, os.environ["_HANDLER"]])
