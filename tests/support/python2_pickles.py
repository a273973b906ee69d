"""What Python 2.7 wrote with NumPy 1.16, SciPy 1.2 and chumpy 0.70: the same small values in every protocol.

Base64 of zlib. EXPECTED is the content, with the shape basis as chumpy array and the regressor as CSC matrix.
"""

import base64
import zlib
from typing import Any

import numpy as np

_SHAPEDIRS = np.arange(24).reshape(2, 3, 4) / 8.0
EXPECTED: dict[str, Any] = {
    "shapedirs": _SHAPEDIRS,
    "J_regressor": np.array([[0, 0.5, 0, 0, 0], [0, 0, 0, 0, 1.0], [0, 0.25, 0, 0, 0]]),
    "fortran": _SHAPEDIRS[0],
    "f": np.array([[0, 1, 2]], np.uint32),
    "kintree_table": np.array([[4294967295, 0], [0, 1]], np.uint32),
    "big_endian": np.arange(3, dtype=np.float32),
    "bs_type": "lrotmin",
    "latin": "caf\xe9\n\\'",
    "unicode": "\u03b8\n",
    "info": {
        "n": 3.5,
        "long": 1 << 40,
        "negative": -7,
        "float": 0.1,
        "flag": True,
        "none": None,
        "tuple": (1, 2, 3, 4),
        "empty": (),
        "list": [1, [2.0]],
        "mask": np.array([True, False]),
    },
}


def unpacked(text: str) -> bytes:
    """The bytes of one of the pickles below."""
    return zlib.decompress(base64.b64decode(text))


PICKLES = {
    "pickle, protocol 0": (
        "eNqdV81r6zgQv8+f8S7JZYMky5IFy7aw8CDLI4ct7ClgFFtJvU1sYztvG9g/fmfGSZq6VFl6cMnMSKP5+M1H52Ur4GlW1dtmBq2EedkqpLd7"
        "v0M6gaWQ0D/NwqEdTsjQMB+QrJs6IJXCConh2O6JMjBfSlgqWOI1DUNr6ebB9y8ozKCoj4f2tCiaLiwOx/1Q+a7zJ8i7UDR1P3THYoDWwXw8"
        "B3U5ylspUK9AdVKiYRuyUhGVwJ+t1PzmfMmc9PwGlMOpDXgOLcIbkq5Y9ATwKB7L6CI+hGY+zf5FoRKwWq2Wv6Dx9NFbSsJmKSgy61ch8RN0"
        "jl5RCWx6ClDjB+Jp+C4WHKN91TMnhfm+VYZe8/TLwne1EOA9BS7s/FD9pHCpDJ/jEO2bmoKtHPyQwrlUSqOsteYHCWtKg/gsen3h977DExiE"
        "3ejvNqMb6upvQoFK9NnfX0mYfvA3MbBhX8UnX/FIFy0dpfglDnqKQtMNnScTtYCdIxsu2dISdpworfC8Ts6JOkNDa9ihTYSu6LN3viAePhdu"
        "Y8IiJgw6plZFhGVUbRZTG3uzjN0MRUyteaDspBRzw8jdIwA5YxaevhV+iwrcul6vZ9+QlxHkjnVVNCVhVDv4a30UySbDv0J4LHlBJ7ZU/HKS"
        "8VSdM54S4tJLaUrqB8hM4QzQo6bb5grQ1NLx7AagqfsAUCNuCnLqp5zQ6pamzkTPGMXu/4ENZ9eFvm86kiRQFE17Iua7VtRgURl0oeiLCuuu"
        "b33XhwVSgF9+8ENXveIJbDl5vjlWWJB1nkOz+TtQGzMGVvgiOWYy6qnGcZMtqyL0+KydVou9VIularFv1YIcfQlcRYGz6TVw1tBZexM4m30I"
        "nHWRwKlYIKlrk4ZMcuBKP3hiqYnpWXI2PdNoTpbemJ6Zc5WLaJVHq7i8U+JkErWlLGMrD/617aqaGnHmYDnCNe+ffUt4dmJsQVQOjps25qQd"
        "CAlu6pe7+OXIL3fxyxAH/bL2rl+fhvkenUzS4MhBRw6Siy/oXhdCPvgNz13nJpZLtGs0XWJ/xWEn1HVMjpNSoG9YcRcHttv3312HpjiRQrPa"
        "lHOwqXZ5QKzzYJDCfDDPXs3jWSzcDWakFBe8bwnvUsq30S2pOqRMzpD/jeX6A+YlrgKfgB7BlF2Jx6kb0vBty24waMqq61mSwY77QfE8DuJn"
        "+P2Z+Bj8sdolrhFonOIdSiraorBPvIR87B28tyQcckIk6h1O+U8/asct4l0f6cNAXMQcLhBSsVXKsnru0HnFmJW4MqxYW2gx4H3e1PSTVeLO"
        "QHYkjPLRkDLUox28HbAdr0wm0wwl+pIh3BXw1cS8Aeg8wSUuA/+nuO99xZeLPz4Uvzzfw9dnrfjq2hAd/jjCI8LoTuFjwqgr4SGWtsdYb4gJ"
        "VUyYxIQ6JkxjQhMT2keugIwR7bju837ww5GLSBO26/AP/8ZK4u7W5/TvBbOoyPddMxx4o5K45faL/wCtOrfU"
    ),
    "pickle, protocol 1": (
        "eNp1VVtz20QYtXxNlBTCvdyhXKpyMXZIk6aUOlAgJEoNCBYKNKiSvLbU2JKOtEpjqGm53+EZfgm85RcwfeSxDzyUGR46TIcBhgF2pXWdy7Az"
        "qyPJq/N93/kuHiCnkaLntwMoA+T5fbtrdVBYqtVVUqK9kPVRPECKfuBTlJqkxJKwS1HWdEXP6wW9yFAhxZ4Vr2HM8ZNe2K86QUSrvaTLPCuK"
        "rL5qRtQJ/JhFicNUjGvZMdVvZT9D1fQcwwRRbEwy7DFwDSfX9DzDtfJoi/VDqmJKI3m7juv0nK4wXG/gBk0vEOUsbmw2m8v/8pVeBNtN9lKt"
        "ppK8ksPNDLfYpNTuBhbD3sXGD9+K9R0pdr2Y4dZV3MbNreL2xYVctixKxnzasZi3TnHH8p+ckh8O/A7uXKnX5ucP1uuz03Nzc7MrKlF83PU/"
        "YceO1bUiFXdrrnC8fQj3ZI7fa2Bf6vgR3LfL8fttMpa5MbmABxgeNLA/IZV2ELHI8qG545qbCXbA5Wo9ZODhVK00E4+4+9K8ncptWxcbGV6W"
        "uCnxZ4m/Sbwg8ZLEKxJ/kvirxN8beJShykXtcpF8PEYqjtX+RT25HzVSSXzPCVoU9RMFfvbH71VME6WNx0eezwjPDxqYTT1X9ALDXKpRMoND"
        "mUbzBg5LjZ7YpdGRLLmTwheF7zzfeJLhqE0mlnm1dSIax0GEhuMEYV+82FaDAU/KgubEjsezFodWFNMqf1L5NnsWi7wNFU85pmknHk+mb5pq"
        "YJ+monafbjIcM/DMAM9qpOL5Lc+hMZ4bRbYoInvewFKWE4blNC5vBnoW14qB4zKu5q64XtgSV17GhhcZXrJJsWUxC8bI0svC0isGyNDSqyL3"
        "/Ou923N+4Wru8RrDCV5dPWsjjDyf4XV9mpTN2LVCijdEBZUY3iRlHlbIIpwc2VoVtt4yYKa2ygyn3ONbbWXeDrfIOnir2XZikz1r3FJEqcks"
        "m48NZ0TaEqTUQDtrdtHuHfdwSjslBBlSpyK4DJ5NVNvrmJSrzhvh9IhpTTB1DfSGUvhZw80gyEQPDSAV/SiiXaLHW0RvnM/lxBQAY+DOj6fa"
        "tLwoxrrLK8Zxs0Z31WOuijOuKIcNA/0B3tbIJK+dNWpm9YR3UtIJk3/M+uY6f4ez20oqpryeBtoq3mU4Z+A8KZoeV/29JpkyWzTkUcZm4Ivb"
        "GO8P8AHnSvlb1Of0H6b0ygY+GsnwsZDhEwOfSkHTifCZrIrN7RNhc0d1DDv84o7JcGlH51/eMTGuXJ0IGf4h8S+Jf0v8R2JOzlhFYl5iQWJR"
        "YkliWWJlAZ8zfGGTihkziyUxviQFn57BVzxNFTs2xR8EviaVbhSwHh9J3yTV/wD87/Hr"
    ),
    "pickle, protocol 2": (
        "eNp1VFtz20QYlXxNlBTCvdwhXOpwMbQEKKXUgQIBCwwIFgo0qCt5bYnYko60SmOoaQrYicsvgF8Cb/kFTB957AMPZYaHDtNhgGGAlbTKTJJh"
        "Z9ZHttbfd77zfWc3CkMoNVJyvY4PdYiCeO70aBfFLVJm/YAPUFogJc/3GMotUuZx0GOo1HRVL+hFvcRRJaU+jVYxZXtxPxjUbT9k9X7c4y4N"
        "QzrQzJDZvhfxMLa5hunslOa1s7fQdGWEGaJamN3EAQPXpaFHuF4ebPNBwDTMkYJ1GDfoiq5u4kYDN9X0IlHP4eZWq9X8V6z0Q1c4brEmpKAq"
        "uJXjNouUOz2fchxcbvzwbbK+I6WeG3HcvoI7RKYV3Lm8pGSLMjLlsS7l7hrDXc0/RTxx2Pe6uPtiJT2hEtXDPf9TZ2TTHg013OsIrp2juC/j"
        "er+B+ZTrcTywj+uDFpnKks8u4aExHjZwKCbVjh/ykHqoOdNOqs+CI8R5xMCjiThC9TEec+a3yBll17rcyPCqxG2JP0v8TeIliVckXpP4k8Rf"
        "Jf7ewOMcdSFiT4ji4QlStWnnF+30ITxJqrHn2n6b4fCpojj74/cajhC1g6dyzosJ56cNPJNwFqzHeDZRJl7E0UyZ5wwck8o8v0+Z46KLs6nm"
        "YhfExgscJywy0xTz1A1ZFPkhGnZku6IVUUDDiNXFN01ss0956K5rWFq4gBeHeKlGqq7Xdm0W4WTO7uWE3SsGXk0VHWE54eYu4rWM2+sGmpKb"
        "vo/bGzm3guSHNzlaFim1Kad4K0/xdpLiHQOGTPGuMz8hB3e36tJOy/AeBxHj0KfrQeh6HO/rR0jFjBwaMHwgml4e4xSpiEICHuLDPMlHSZKP"
        "DZxOklRGWHGaO0kygvlOuoRPOEwrtsiBVZEiZMzk1BJ+PpOHo0k4y4CdGbwwRts5NiFzSel50LRixtGxiGa5XZMJbcWwdvMYThLDNfCprHs1"
        "NcQiepm0fQNeKu0J+PukDXJpGxuKkhgT4AgtMp3q0HbDCJFtO5kBHe2ko4GLLsdDrNXIrOj8KjOzacDZCZkxxT/4wFwTP2DdNkXprvCrZ5pa"
        "xMRlNFjBZyN8buAcKZmukHXYInNmmwWipMj0veQxwhdDnBeh0tht5onQGxOiruNCXvCXScFfGfh651bcxChp9vZuf27vaXrut8t7fHpljw+v"
        "7vHvtR1/ZviHxL8k/i3xH4mKvOFUiQWJRYkliWWJFYnVJYw5Ni1SNSNOeRxhixQ9dhYTMUFVKzKTqxkXSbUX+rwvLohv4vp/DOzTEg=="
    ),
    "cPickle, protocol 0": (
        "eNqlVkuL4zgQvtfPmIt92SD5HVi2GxYGMgw5bMOcAkaRZbenHVtY8kwH9sdPleLOph9WlkxAwaUq1Uv1VSmsNIeHoO3rIQAdQVjpGOm6Ew3S"
        "CWwYB/MQqIO2R9xIIbRI9kOvkMpgi4SddEdUDuGGwyaCTQybBKwu6ORBmCdkrkH200EfV3IY1eowdbYV4yiOUI5KDr2x4yQtaM4gPAlCX50E"
        "NOeomIF9CPYB2H80j5yhEC3ZWbayR61QMoYQpXiAbgOKkHCCghTRvwFst9vNH+ghLdS33zCGjN0z47gY6t4binwQFh3mKXxmK85e/1wyutY4"
        "iQzCTvOcLAn6KuBzBEJQflQjbPuDssLXaDB3x4aechox+MrZep1ynkV5nmdfidkHSwkyUnRixHMYcnOKsC4uIoyiOcI/30foomMLS967dEYx"
        "GIp7GO0oenIwgYbuoXmb+CidE3+63wYtU3l4jVxZit0tM2sfU/qYKvGpjTzMyqu28Kn12ax8J5X0qc3u5srssKTc/WTw8EmKGg+ud/1uF3zC"
        "PVdhU9/KoaKqiwr4tptYvC/wnzGBO2uSqIOFu43ZfLec4GvnQpuSi0KL+XKhnaH0NgL+ho4u6TmwL9gDmlEZM4zoehyBlIM+0uar7jAgCGJ0"
        "SxrZIk6MFqNRK6QAV3kQdmyfUSIBWZb7qUUA9WUJw/67os4Sp7ClIDLX4nLX86pWKkMmi6WsrM8V/5KS9jIlCbshJZEvRXNKKmEF9V++4FgS"
        "XTjmcMi8OPTirLoCwtmng3jWY9tT60uwA6SMCqo0j0JTxSWnRrtJsfEnKbEwv9rSjSbZUhT5HEWGUWAur0WxmMJrdPwuxRTQEwYzKlVasXcD"
        "LFkqg2R9njg0dJqYn12t69frqusf3fa+bUqF1ejaL+b1Yy9S/q4Y68tiTF8GwV//txjx2oszcf+BY+5yq3YkkKQxNA5+8vE0px7h70fcxmkx"
        "YytNCVsptqcA4fikyhNE6WzuEkb1gtrssfwhTjqL12A1CpGaYrbDDvVlpxOtK6KMu8dGWSmNqTLl0NMnKcncqyWLnbCzW6nemc2SF7PPS30v"
        "S/+72suxxn5rrMmb4eYfFDfPPHX7/GG3jlLvQMSx5mF656zwMb2hqDvftd37UOtjRj5m7GMmPmbqY2Y+Zn4/47c0VtjJgYRQ2auf9IlvBdd1"
        "TEnPZtopkNmNgz24B0aGT4XVL0MncsA="
    ),
    "cPickle, protocol 1": (
        "eNqFVFuP20QUjhMn3s5uYctlKdfSUqjLJSRLu9uF0gSKVHVd5QFppD50NYydSWw2Gft4xmUjEYm/Ab8E3vYXoD7y2AceisRDhSoECAHH9qTa"
        "uGoZafI59pnvnPOdc2YOlkvtSI5iqM+hgc+jCR+Dfb3TJbQppomeQfM8tWUsBbQGtKmzZCLAcT3Lq3sNz9awQu0pV/twLJDZNJm1gzgV7Wk2"
        "0RFPUz4jLBVBLJVOs0ATIG5pRuSw/AyrrlfT1PL157CGtK5X18ZkqGeJIHDcpXW/69U8C02ecr0Gtb4eDAa7/+IqfvC8f73TIbRu4RNtjiYx"
        "1/D0td4P3+brO2pPIqVhfQ9OoIM9eOZav1YuLuiKFGOuo9sCnt39E8nQOJZjeO5Gt7Ozc7Hb3drc3t7eukGoJR+ToAr4hKcEnnfDPNTRJRPq"
        "RhHq5UdCpSul87U+Gr2QUWcUpzrlEk6GxA2PyPFiIUcucrhRFOSL2tK62yvxvsFDgz8b/M3gHYP3DD4w+JPBXw3+3svVm6AaEl6iTsBHv5Bb"
        "5+Bl6mQyCuKhgFduNtDux+8JvEqtUSXc14pwLa+hCx2yC0aHU4/RoSjZWu7Ywl3Hje5Xd7FfxqlQKk7h9SCIk1n+YqmLYhT7tBuoIMJqqISn"
        "SrTxH8HNplyn0QGBMwFjfhZhkSRjJPa/FHn3vTHAeM7O4U2XOpEcRoFQ8FYljXOl6mUS0SIJ93+TqJtEMAl7yDWH8xXitxfEG8Whk8tFvPOw"
        "mHmHTPlBkkZSwzveJm0xFfJEwLt5MzQ1bWHoiU7hvYqDduGgpUP3qIMyssVuFBFmPj2+j/SpEExzHyf6/QpXpxxFHMbwVMG2nme8YDR5Ej8a"
        "M4E6YvN2KwSbR2UcLWT8oJDxyhNk7H1Tq/VL+mNF2sMoVXAhxIIHYTl/IbkaErgYFtXcmsO2S9ew8PuClc0Alwq6VYZH9Yzdxnews9QPSmAz"
        "fOju4fmPqM0iFPPygK6zoUgwHcVimT8q+HgOV5Cn4B4KidS9gto6qGTbN3IthhVtDpeH9bBS58Xw3a0M7b3KUN6vDPODh8Na4h8G/zL4t8F/"
        "DNbMXWcZrBtsGLQNNg22DDp9rIDDlOY6U/AJbUjxFXyKjeP4iuUXM1ylziSN9RRvi8+y9n9oprLT"
    ),
    "cPickle, protocol 2": (
        "eNp9VE2P00YYjhMnXrxLWQps6QdQPgpZoGmhfLUFEsoBaS3lsNJIPXQ1nTiT2Npk7HdmTDdSV6KHBNJ/QH9Je9tfUHHskQMHkDigClW0qlpe"
        "25NF3mo70uSZJOPHz/O888698iZYdWKHohcBriu47g1YH+wHpMqHsR5BdZnYIhIcam1S1Uk84ODUPcsrexXP1jBH7CFT67DHF8kwHjX8SPLG"
        "MBnokEnJRi6V3I+E0jLxtQtuvssV3fxfmPdKY2J17q/CQkY6Nhu6ehRzF/aScueCV/Is3PBW3asQ6/t2u73yL47swyvpzpSULQRS7Q0ipmHf"
        "neYvD9PxE7EHodKwuAb7kXsN3r7TKuWDcTIneJ/p8C6HAyt/IhNujkQfDv5Yy3ZYxBK7OFI+GzDpwqEA1fWuGXVLmbrr/1FH5vJXLrQmq/BO"
        "QpxeJLVkAg4HbvDG/bupewx0Eiw9IN+WCuNxM8cXBrcMPjH4u8FHBp8afGnwN4PPDf7RTNMaoHsB7xHHZ71n7jdn4H3iJCL0oy6HD76u4L5f"
        "f3bhCLF6BaFHU6EodZK6Ty4Z98d2cT8lC1maOMs48b3zK3gi+pIrFUn40Fd+iBGrmEnFG/jNxUmHTMtww4Xjyz/AiU04WSdOKLqhzxWcKoj5"
        "KEttnEoJZ1JO/7+UspGDUuwu0wzOFBjrhnFpSg4X03+0XYW0qEO2EctQaFj2LpIaVQGLOZzFClYnpIZiYy3hXIH5fMpcGwent5lzMbNZyUQl"
        "HbJ3HXkl51SzDjbbxwWWRt565UlwbEoWU28zLmPK7YR9yjEtPGKfFB799E1YvVlYF7Kwbu4WVvNeqdTKefdkFruhVHDR94O8MwL3duDCZ1im"
        "S5twuU4WsHTrnOblhCtTMk/xCT2id/EHuOpT2klCbCRBqas43gfX1sar8DmxaYh5fdEmi7TLY1SvaCTSpYIvN+E60mS8XS6Q9saUWBsFZze3"
        "76P7aeG2iu2ztaOAs3Z4vKONnu5okxc72uvldvvk+MrgXwb/NviPwZK5bSyDZYMVg7bBqsGaQaeFcTtUaaYTBU1SEfw7aOHBcDqKptci3CLO"
        "QEZ6iP37VdJ4DXKDlso="
    ),
}
SELECTION = (
    "eNp1kU1PGzEQhrMfkNSBElra8tmmCKHtJeceKhWpt1raA5WPyOyuB7wicXZsL5BDJDiEav9t/0HrsEYVleqDn5E9ej16fBfOMUhYZGCMYVHI"
    "elLNRhqmWoAu1SX5AWMoLMHo0z3Gc1xJWJA9tRWSfJMEV91Vd469hK3xSXYF3FSZNoAvGtbnotR2xq/dAZKC87wux7ZUnBMDLrV/tjjFNRbz"
    "0mpcT9mAC6hACcOnalkafDnHDRfzmCtAudhBw4LbQrUTTDWMJrWLzLTOZoRrKKbKWF0vZ95su4gS7S2+op0FC/Kfp/g6oQGNaPzgW4SdVUBw"
    "i4UXn2mHBq7lTUIjFnxJ0/T7b7ceN9qxecPOO8/Wr6++OGnR8xx4bnlue+57Dj0PPY88j09szrrc2MzWBt+ySMENvqvzf/RuN5LI/hnuJCwu"
    "xa3BXfc1bKPScAFag+BGZhXgHjjF+3I9lU7lwXOV7xu5R0MaPuAHuSs35V8/w6WfeCGdkPJJyMf/ChnG3sCqZ8+TeNrcjb/SPnoou/XoD8+N"
    "s4o="
)
EXPRESSION = (
    "eNpdkU1PwjAYxxmgYvEFVHx/QSVmXDh7MJHEm0t2IOnR1L3UdBG6PW2n7LBED2r2bf0GWqCGYA/7NevT//Pst7dyDhZGdJwIKmUUcygHAUtH"
    "SdYLGIkTiUbpUEXJMENQ6b5DNYclG1vevAjdMQTL+mglh5qN18jIe6ZEJp6QFFYLXCdhJFRGXvQLQAEhfhrpRE4IklQhqD98DGANV0mkBKy7"
    "uEFCmlAeShLzyVbCRg6bOmaaG1KuYxsFtsYBn00QC9qbDukJ4WWICBrEXCqRBjq9OatCPJydwpZT+sCW/zWAbduxnIpT/TQlocoSimAHl5+u"
    "nZJj6ZKW7VSwdeO67v2PXtOHU1J+gR9LC+v71mz6M9QMG4Y7hvuGx4ZtwwvDjuFVX/l4hUjlqVTCLq5w+gp7qa8nZxPX+zkc/Hd9WDDE6g9w"
    "pN142ukxW3eZdney6O504o412VzEmRbRZa0C1/4+Qvm61WJ626SfT/6+vkd1hwvT4XKxQ6dIfdn7BUcZr7k="
)


def equal_values(found: Any, expected: Any) -> bool:
    if isinstance(expected, np.ndarray):
        same_kind = found.dtype == expected.dtype.newbyteorder("=")
        return same_kind and found.shape == expected.shape and np.array_equal(found, expected)
    if isinstance(expected, dict):
        return found.keys() == expected.keys() and all(equal_values(found[key], expected[key]) for key in expected)
    if isinstance(expected, list | tuple):
        same_length = type(found) is type(expected) and len(found) == len(expected)
        return same_length and all(equal_values(*pair) for pair in zip(found, expected, strict=True))
    return type(found) is type(expected) and found == expected
